package org.templatevault.audit;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** Whom an address counts for where callers without a name are counted: one customer has as many of IPv6 as he likes. */
public final class Network {
    private static final int IPV6_BYTES = 16;

    private Network() {}

    /** The address itself; of IPv6 its first 64 bits, such as {@code 2001:db8:0:0::/64}. */
    public static String of(String address) {
        if (address.indexOf(':') < 0) {
            return address;
        }
        try {
            InetAddress known = InetAddress.getByName(address);
            ByteBuffer bytes = ByteBuffer.wrap(known.getAddress());
            return bytes.remaining() < IPV6_BYTES
                    ? known.getHostAddress()
                    : String.format(
                            "%x:%x:%x:%x::/64", bytes.getShort(), bytes.getShort(), bytes.getShort(), bytes.getShort());
        } catch (UnknownHostException notAnAddress) {
            return address;
        }
    }
}

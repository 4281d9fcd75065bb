package org.templatevault.trail;

import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.templatevault.config.CheckpointTargets;

/** A log host, which takes messages of RFC 5424: as datagrams (RFC 5426), or over TLS (RFC 5425). */
record LogHost(String host, int port, boolean tls, Optional<String> caFile) {
    /** Facility log audit (13), severity notice (5), RFC 5424 section 6.2.1. */
    private static final int PRIORITY = 13 * 8 + 5;

    private static final int PATIENCE_MILLIS = 10_000;

    /** The one that is set. */
    static Optional<LogHost> of(CheckpointTargets targets) {
        return targets.syslog().map(setting -> {
            boolean tls = setting.startsWith(CheckpointTargets.TLS);
            String address = tls ? setting.substring(CheckpointTargets.TLS.length()) : setting;
            int colon = address.lastIndexOf(':');
            int port = Integer.parseInt(address.substring(colon + 1));
            return new LogHost(address.substring(0, colon), port, tls, targets.caFile());
        });
    }

    /** Sends one checkpoint. Over TLS nothing acknowledges it, but a host that is away or not trusted is noticed. */
    void send(String checkpoint) throws IOException {
        String message = "<" + PRIORITY + ">1 - - template-vault - checkpoint - " + checkpoint;
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        if (tls) {
            sendOverTls(bytes);
        } else {
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.send(new DatagramPacket(bytes, bytes.length, InetAddress.getByName(host), port));
            }
        }
    }

    /** Octet counting, RFC 5425 section 4.3.1; the certificate has to name the host (section 5.2). */
    private void sendOverTls(byte[] message) throws IOException {
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(host, port), PATIENCE_MILLIS);
            plain.setSoTimeout(PATIENCE_MILLIS);
            try (SSLSocket socket =
                    (SSLSocket) Trust.by(caFile).getSocketFactory().createSocket(plain, host, port, true)) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                socket.setSSLParameters(parameters);
                OutputStream out = socket.getOutputStream();
                out.write((message.length + " ").getBytes(StandardCharsets.US_ASCII));
                out.write(message);
                out.flush();
            }
        }
    }
}

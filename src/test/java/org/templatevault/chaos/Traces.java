package org.templatevault.chaos;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Looks for bytes in files, as they are and in the forms in which they travel: base64 at each of its three alignments,
 * hexadecimal, and all of these as UTF-16, which is how character arrays stand in a heap dump.
 */
final class Traces {
    private static final int WINDOW = 1 << 20;

    /** Something that is looked for, in one of its forms. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Pattern(String name, byte[] bytes) {
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** By their first eight bytes. */
    private final Map<Long, List<Pattern>> patterns = new HashMap<>();

    private final BitSet sieve = new BitSet(1 << 24);
    private int longest;

    /** Looks for this text too. */
    Traces add(String name, String text) {
        return add(name, text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Looks for these bytes too. */
    Traces add(String name, byte[] bytes) {
        pattern(name + " raw", bytes);
        for (int alignment = 0; alignment < 3; alignment++) {
            both(name + " base64+" + alignment, base64(bytes, alignment));
        }
        String hex = HexFormat.of().formatHex(bytes);
        both(name + " hex", hex);
        both(name + " HEX", hex.toUpperCase(Locale.ROOT));
        pattern(name + " UTF-16", new String(bytes, StandardCharsets.ISO_8859_1).getBytes(StandardCharsets.UTF_16BE));
        pattern(name + " UTF-16", new String(bytes, StandardCharsets.ISO_8859_1).getBytes(StandardCharsets.UTF_16LE));
        return this;
    }

    /** What base64 makes of these bytes behind others, without the characters that depend on the neighbours. */
    private static String base64(byte[] bytes, int alignment) {
        byte[] shifted = new byte[alignment + bytes.length];
        System.arraycopy(bytes, 0, shifted, alignment, bytes.length);
        String text = Base64.getEncoder().withoutPadding().encodeToString(shifted);
        int from = alignment == 0 ? 0 : alignment + 1;
        int to = shifted.length / 3 * 4;
        return text.substring(from, to);
    }

    private void both(String name, String text) {
        pattern(name, text.getBytes(StandardCharsets.US_ASCII));
        pattern(name + " UTF-16", text.getBytes(StandardCharsets.UTF_16BE));
        pattern(name + " UTF-16", text.getBytes(StandardCharsets.UTF_16LE));
    }

    private void pattern(String name, byte[] bytes) {
        if (bytes.length < 12) {
            throw new IllegalArgumentException(name + " is too short to be told from chance");
        }
        long beginning = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            beginning = (beginning << 8) | (bytes[i] & 0xff);
        }
        patterns.computeIfAbsent(beginning, first -> new ArrayList<>()).add(new Pattern(name, bytes));
        longest = Math.max(longest, bytes.length);
        sieve.set(slot(beginning));
    }

    /** Few positions pass this: a set of bits, because a look into the map for every byte would take minutes. */
    private static int slot(long beginning) {
        return (int) ((beginning * 0x9e3779b97f4a7c15L) >>> 40);
    }

    /** Everything found below this directory, or in this file: what, where. */
    Set<String> in(Path place) {
        Set<String> found = new TreeSet<>();
        try (Stream<Path> files = Files.walk(place)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                scanUnlessGone(file, found);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    /** PostgreSQL takes its cache of the catalog away whenever a table's facts change; of all else nothing may be missed. */
    private void scanUnlessGone(Path file, Set<String> found) throws IOException {
        try {
            scan(file, found);
        } catch (NoSuchFileException e) {
            if (!file.endsWith("pg_internal.init")) {
                throw e;
            }
        }
    }

    private void scan(Path file, Set<String> found) throws IOException {
        byte[] window = new byte[WINDOW + longest];
        int kept = 0;
        try (InputStream in = Files.newInputStream(file)) {
            while (true) {
                int read = in.readNBytes(window, kept, WINDOW);
                search(file, window, kept + read, found);
                if (read < WINDOW) {
                    return;
                }
                int end = kept + read;
                kept = Math.min(longest, end);
                System.arraycopy(window, end - kept, window, 0, kept);
            }
        }
    }

    private void search(Path file, byte[] window, int filled, Set<String> found) {
        long last = 0;
        for (int at = 0; at < filled; at++) {
            last = (last << 8) | (window[at] & 0xff);
            if (at >= Long.BYTES - 1 && sieve.get(slot(last))) {
                match(file, window, last, at - Long.BYTES + 1, filled, found);
            }
        }
    }

    private void match(Path file, byte[] window, long beginning, int at, int filled, Set<String> found) {
        for (Pattern pattern : patterns.getOrDefault(beginning, List.of())) {
            int end = at + pattern.bytes().length;
            if (end <= filled && Arrays.equals(window, at, end, pattern.bytes(), 0, pattern.bytes().length)) {
                found.add(pattern.name() + " in " + file.getFileName());
            }
        }
    }
}

package org.templatevault.cli;

import jakarta.json.JsonObject;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;

/** Lines of JSON, a record each. Only the places of the lines are kept in memory. */
final class LineSource implements Source {
    private static final String NAME = "line ";
    private static final int MOST_BYTES = 16 << 20;

    private final Path file;
    private final List<String> names = new ArrayList<>();
    private final List<Long> begins = new ArrayList<>();

    private LineSource(Path file) {
        this.file = file;
    }

    static LineSource of(Path file) throws IOException {
        LineSource source = new LineSource(file);
        source.findLines();
        return source;
    }

    private void findLines() throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            long place = 0;
            long begin = 0;
            boolean blank = true;
            int next;
            while ((next = in.read()) >= 0) {
                place++;
                blank = blank && next <= ' ';
                if (next == '\n') {
                    add(begin, blank);
                    begin = place;
                    blank = true;
                }
            }
            add(begin, blank);
        }
    }

    /** Blank lines count, so that the names are those that an editor shows. */
    private void add(long begin, boolean blank) {
        begins.add(begin);
        if (!blank) {
            names.add(NAME + begins.size());
        }
    }

    @Override
    public List<String> names() {
        return names;
    }

    @Override
    public JsonObject read(String name) throws RefusedException, IOException {
        String line = line(Integer.parseInt(name.substring(NAME.length())) - 1);
        try {
            return JsonLines.object(line);
        } catch (IllegalArgumentException e) {
            throw new RefusedException(
                    Problem.found(422, "record-unreadable", "The line is not an object of JSON, and one only"));
        }
    }

    private String line(int number) throws RefusedException, IOException {
        if (number >= begins.size()) {
            throw new RefusedException(Problem.found(422, "record-unreadable", "The line is gone"));
        }
        try (RandomAccessFile lines = new RandomAccessFile(file.toFile(), "r")) {
            long end = number + 1 < begins.size() ? begins.get(number + 1) : lines.length();
            long length = end - begins.get(number);
            if (length > MOST_BYTES) {
                throw new RefusedException(
                        Problem.found(413, "template-too-large", "No vault takes a template of this size"));
            }
            byte[] bytes = new byte[(int) length];
            lines.seek(begins.get(number));
            lines.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }
}

package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.templatevault.client.Problem;
import org.templatevault.client.RefusedException;

/**
 * Files of a directory and those below it, a record each; hidden ones and links are left out. What lies in a directory
 * that is named by a UUID belongs to that subject.
 */
final class DirectorySource implements Source {
    private static final String UUID_PATTERN = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

    private final Path directory;
    private final List<String> names;

    private DirectorySource(Path directory, List<String> names) {
        this.directory = directory;
        this.names = names;
    }

    /** Those files whose name matches the pattern. */
    static DirectorySource of(Path directory, String glob) throws IOException {
        PathMatcher matcher = directory.getFileSystem().getPathMatcher("glob:" + glob);
        try (Stream<Path> files = Files.walk(directory)) {
            List<String> names = files.filter(Files::isRegularFile)
                    .filter(file -> !Files.isSymbolicLink(file))
                    .filter(file -> matcher.matches(file.getFileName()))
                    .map(directory::relativize)
                    .filter(DirectorySource::isOpen)
                    .map(file -> file.toString().replace('\\', '/'))
                    .sorted()
                    .toList();
            return new DirectorySource(directory, names);
        }
    }

    private static boolean isOpen(Path relative) {
        for (Path part : relative) {
            if (part.toString().startsWith(".")) {
                return false;
            }
        }
        return true;
    }

    @Override
    public List<String> names() {
        return names;
    }

    @Override
    public JsonObject read(String name) throws RefusedException, IOException {
        Path file = directory.resolve(name);
        if (!Files.isReadable(file)) {
            throw new RefusedException(Problem.found(422, "record-unreadable", "The file cannot be read"));
        }
        if (Files.size(file) > EnrolCommand.MOST_BYTES) {
            throw new RefusedException(
                    Problem.found(413, "template-too-large", "No vault takes a template of this size"));
        }
        JsonObjectBuilder record = Json.createObjectBuilder();
        Path parent = Path.of(name).getParent();
        if (parent != null && parent.getFileName().toString().matches(UUID_PATTERN)) {
            record.add("subject", parent.getFileName().toString());
        }
        return record.add("data", Base64.getEncoder().encodeToString(Files.readAllBytes(file)))
                .build();
    }
}

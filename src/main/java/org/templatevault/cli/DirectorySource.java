package org.templatevault.cli;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
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

    /**
     * Those files whose name matches the pattern.
     *
     * @throws IllegalArgumentException for a pattern that is none, and for a directory that is itself named by a UUID:
     *     whether its files are that subject's or new ones' cannot be told
     */
    static DirectorySource of(Path directory, String glob) throws IOException {
        Path name = directory.toRealPath().getFileName();
        if (name != null && name.toString().matches(UUID_PATTERN)) {
            throw new IllegalArgumentException(directory
                    + " is itself named by a UUID: give the directory above it where the files are that subject's, or"
                    + " give it another name");
        }
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

    /** The name of the nearest directory that is named by a UUID. */
    private static Optional<String> subject(Path relative) {
        for (Path parent = relative.getParent(); parent != null; parent = parent.getParent()) {
            String name = parent.getFileName().toString();
            if (name.matches(UUID_PATTERN)) {
                return Optional.of(name);
            }
        }
        return Optional.empty();
    }

    private Path file(String name) throws RefusedException {
        try {
            return directory.resolve(name);
        } catch (InvalidPathException e) {
            throw new RefusedException(Problem.found(
                    422, "record-unreadable", "The file's name cannot be read in this locale (LC_ALL, LANG)"));
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
        Path file = file(name);
        if (!Files.isReadable(file)) {
            throw new RefusedException(Problem.found(422, "record-unreadable", "The file cannot be read"));
        }
        if (Files.size(file) > EnrolCommand.MOST_BYTES) {
            throw new RefusedException(
                    Problem.found(413, "template-too-large", "No vault takes a template of this size"));
        }
        JsonObjectBuilder record = Json.createObjectBuilder();
        subject(Path.of(name)).ifPresent(subject -> record.add("subject", subject));
        return record.add("data", Base64.getEncoder().encodeToString(Files.readAllBytes(file)))
                .build();
    }
}

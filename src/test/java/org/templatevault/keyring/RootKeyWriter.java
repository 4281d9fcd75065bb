package org.templatevault.keyring;

import java.nio.file.Path;

/**
 * Makes root keys without end and says each one's alias when it is durable, until somebody kills it; the file before
 * that, where it sees none.
 */
final class RootKeyWriter {
    /** What it says before it makes the file. */
    static final String MAKES = "makes the file";

    private RootKeyWriter() {}

    public static void main(String[] arguments) throws InterruptedException {
        RootKeyFile file = new RootKeyFile(Path.of(arguments[0]), arguments[1]);
        if (!file.exists()) {
            System.out.println(MAKES);
            file.create();
        }
        for (int i = 0; ; i++) {
            String alias = arguments[2] + "-" + i;
            file.generate(alias);
            System.out.println(alias);
            Thread.sleep(3); // lets another process have the lock
        }
    }
}

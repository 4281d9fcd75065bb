package org.templatevault.embedded;

import java.nio.file.Path;

/** Makes the database of a home, until somebody kills it. */
final class FirstStart {
    private FirstStart() {}

    public static void main(String[] arguments) throws Exception {
        Home home = Home.open(Path.of(arguments[0]));
        System.out.println("begins");
        Database.start(home, Path.of(arguments[1]), 0);
        System.out.println("started");
        Thread.sleep(Long.MAX_VALUE);
    }
}

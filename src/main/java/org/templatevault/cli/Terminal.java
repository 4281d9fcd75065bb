package org.templatevault.cli;

import java.io.Console;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** Where a person sits, or does not: answers to standard output, everything else to standard error. */
final class Terminal {
    private final @Nullable Console console;

    Terminal() {
        console = person();
    }

    /** From JDK 22 on there is a console without a terminal, too, which says so itself. */
    @SuppressWarnings("SystemConsoleNull") // null is what it says before 22
    private static @Nullable Console person() {
        Console console = System.console();
        if (console == null) {
            return null;
        }
        try {
            Object terminal = Console.class.getMethod("isTerminal").invoke(console);
            return Boolean.TRUE.equals(terminal) ? console : null;
        } catch (NoSuchMethodException before22) {
            return console;
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }

    /** Whether standard input and output are a terminal. */
    boolean isInteractive() {
        return console != null;
    }

    PrintStream out() {
        return System.out;
    }

    PrintStream err() {
        return System.err;
    }

    /** Asks for a word that must be typed; false without a terminal. */
    boolean confirms(String question, String word) {
        if (console == null) {
            return false;
        }
        String typed = console.readLine("%s Type %s to go on: ", question, word);
        return word.equals(typed == null ? null : typed.trim());
    }

    /** A password, typed without being shown; null without a terminal. */
    char @Nullable [] password(String user) {
        return console == null ? null : console.readPassword("Password of %s: ", user);
    }
}

package org.templatevault.cli;

import java.lang.reflect.InvocationTargetException;

/** The main class of the runnable jar: without arguments the server, with a command the client. */
public final class VaultMain {
    /** What the server's own packaging made the main class. */
    private static final String SERVER = "wlp.lib.extract.SelfExtractRun";

    private VaultMain() {}

    /** Runs the server, or a command and ends with its exit code. */
    public static void main(String[] args) throws ReflectiveOperationException {
        if (args.length == 0 && startServer()) {
            return;
        }
        System.exit(RootCommand.run(args.length == 0 ? new String[] {"--help"} : args));
    }

    private static boolean startServer() throws ReflectiveOperationException {
        Class<?> server;
        try {
            server = Class.forName(SERVER);
        } catch (ClassNotFoundException onlyTheClient) {
            return false;
        }
        try {
            server.getMethod("main", String[].class).invoke(null, (Object) new String[0]);
            return true;
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("The server cannot be started", e.getCause());
        }
    }
}

package org.templatevault.cli;

import jakarta.json.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.templatevault.client.IncompleteException;
import org.templatevault.client.RefusedException;
import org.templatevault.client.UnreachableException;
import org.templatevault.client.UntrustedException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Says what went wrong, in one line or as JSON, without a stack trace, and which exit code that is. */
final class Complaints implements IExecutionExceptionHandler, IParameterExceptionHandler {
    @Override
    public int handleParseException(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("usage: " + Text.printable(String.valueOf(e.getMessage())));
        CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
        err.println("See " + command.getCommandSpec().qualifiedName() + " --help");
        return ExitCode.USAGE;
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult result) throws Exception {
        boolean json = result.subcommand() != null && asJson(result);
        PrintWriter err = command.getErr();
        if (e instanceof RefusedException refused) {
            var problem = refused.problem();
            err.println(json ? problem.json().toString() : Text.printable(problem.text()));
            return ExitCode.of(problem);
        }
        if (e instanceof UntrustedException) {
            return say(err, json, "untrusted", e, ExitCode.UNTRUSTED);
        }
        if (e instanceof UnreachableException) {
            return say(err, json, "unreachable", e, ExitCode.UNAVAILABLE);
        }
        if (e instanceof IncompleteException) {
            return say(err, json, "incomplete", e, ExitCode.FAILED);
        }
        if (e instanceof IOException || e instanceof UncheckedIOException) {
            return say(err, json, "file", e, ExitCode.FAILED);
        }
        throw e;
    }

    private static boolean asJson(ParseResult result) {
        ParseResult last = result;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        return last.hasMatchedOption("--json");
    }

    private static int say(PrintWriter err, boolean json, String code, Exception e, int exitCode) {
        String message = message(e);
        err.println(
                json
                        ? Json.createObjectBuilder()
                                .add("code", code)
                                .add("title", message)
                                .build()
                                .toString()
                        : code + ": " + Text.printable(message));
        return exitCode;
    }

    private static String message(Exception e) {
        if (e instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
            return message(unchecked.getCause());
        }
        if (e instanceof AccessDeniedException) {
            return e.getMessage() + " cannot be opened: this user may not";
        }
        return e instanceof NoSuchFileException ? e.getMessage() + " is not there" : String.valueOf(e.getMessage());
    }
}

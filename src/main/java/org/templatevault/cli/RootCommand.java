package org.templatevault.cli;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ScopeType;

/** All commands, and what holds for each of them. */
@Command(
        name = "vault",
        scope = ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        versionProvider = RootCommand.Version.class,
        usageHelpAutoWidth = true,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        parameterListHeading = "%n",
        commandListHeading = "%nCommands:%n",
        descriptionHeading = "%n",
        footerHeading = "%nExample:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:failed, some of a batch failed, a watched rotation was cancelled or failed, or not confirmed",
            "2:usage, or the vault found the request itself wrong",
            "3:not signed in, or not allowed to this caller",
            "4:not there, or erased",
            "5:conflict: the present state does not allow it",
            "6:integrity: bytes do not authenticate, a verification found something, or a watched rotation left rows"
                    + " in quarantine",
            "7:no vault there, or it is not available now",
            "8:the server's certificate is not trusted",
            "130:interrupted with Ctrl-C"
        },
        description = {
            "Speaks to a vault over its API. Without arguments the runnable jar is the server.",
            "@FILE stands for the arguments in a file, one a line: the place for --url and the like."
        },
        subcommands = {
            EnrolCommand.class,
            FetchCommand.class,
            BatchCommand.class,
            RotateCommand.class,
            RotationCommand.class,
            EraseCommand.class,
            ReceiptCommand.class,
            AuditCommand.class,
            KeysCommand.class,
            ApprovalsCommand.class,
            StatusCommand.class,
            AutoComplete.GenerateCompletion.class
        },
        footer = "  vault status --home .vault")
final class RootCommand {
    /** The version of the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = RootCommand.class.getPackage().getImplementationVersion();
            return new String[] {"Template Vault " + (version == null ? "(from the build directory)" : version)};
        }
    }

    /** Carries out one command line; its exit code. */
    static int run(String[] args) {
        int code = commandLine().execute(args);
        if (System.out.checkError()) {
            System.err.println("file: standard output cannot be written: what it has is not whole");
            return code == ExitCode.DONE ? ExitCode.FAILED : code;
        }
        return code;
    }

    static CommandLine commandLine() {
        Complaints complaints = new Complaints();
        return new CommandLine(new RootCommand())
                .setParameterExceptionHandler(complaints)
                .setExecutionExceptionHandler(complaints);
    }
}

package org.templatevault.cli;

import picocli.CommandLine.Command;

/** Many templates at once. */
@Command(
        name = "batch",
        description = "Stores or reads many templates; what was interrupted is taken up by running it again.",
        subcommands = {BatchEnrolCommand.class, BatchFetchCommand.class},
        footer = {
            "  vault batch enrol records/ --modality FINGERPRINT \\",
            "    --format ISO_19794_2_2005 --home .vault"
        })
final class BatchCommand {}

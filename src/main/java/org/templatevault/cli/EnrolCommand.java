package org.templatevault.cli;

import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.templatevault.client.Call;
import org.templatevault.client.RefusedException;
import org.templatevault.client.UnreachableException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Stores the template in one file. */
@Command(
        name = "enrol",
        description = {
            "Stores the template in a file, for a subject that is there or a new one. Role: enroller.",
            "The request is named, so that a repetition after a lost answer stores it once. Where no answer comes at all,"
                    + " subject and name are printed: run it again with them, within a day."
        },
        footer = {
            "  vault enrol finger.dat --modality FINGERPRINT --position RIGHT_INDEX \\",
            "    --format ISO_19794_2_2005 --home .vault"
        })
final class EnrolCommand implements Callable<Integer> {
    /** No vault takes a larger template. */
    static final int MOST_BYTES = 8 << 20;

    @Parameters(paramLabel = "FILE", description = "the template, byte by byte as it shall come back")
    Path file;

    @Option(names = "--subject", paramLabel = "ID", description = "the person's id; without it a new subject is made")
    @Nullable UUID subject;

    @Option(
            names = "--key",
            paramLabel = "NAME",
            description = "of the request, to repeat it with --subject; without it a new one is made")
    @Nullable String key;

    @Mixin
    TemplateOptions template;

    @Mixin
    Session session;

    @Override
    public Integer call() throws Exception {
        if (template.modality == null || template.format == null) {
            throw session.usage("--modality and --format are required");
        }
        if (Files.size(file) > MOST_BYTES) {
            throw session.usage(file + " is larger than any template that a vault takes");
        }
        if (key != null && subject == null) {
            throw session.usage("--key goes with --subject: both are of the request that is repeated");
        }
        JsonObject stored = store(
                subject == null ? SubjectId.random() : subject,
                key == null ? UUID.randomUUID().toString() : key);
        session.answer(stored, () -> text(stored));
        return ExitCode.DONE;
    }

    private JsonObject store(UUID id, String name) throws Exception {
        Call call = session.api("enroller")
                .post("/subjects/" + id + "/templates?" + template.query())
                .key(name)
                .patient()
                .octets(Files.readAllBytes(file));
        try {
            return call.send().json();
        } catch (UnreachableException | RefusedException e) {
            if (!(e instanceof RefusedException refused) || refused.problem().status() >= 500) {
                session.note("Perhaps it is stored. Run it again with: --subject " + id + " --key " + name);
            }
            throw e;
        }
    }

    private static String text(JsonObject stored) {
        return Text.table(List.of(
                List.of("subject", Text.field(stored, "subject")),
                List.of("template", Text.field(stored, "template")),
                List.of("version", Text.field(stored, "version")),
                List.of("sealed", Text.field(stored, "suite") + ", key version " + Text.field(stored, "keyVersion"))));
    }
}

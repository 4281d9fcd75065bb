package org.templatevault.cli;

import jakarta.json.JsonObject;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.templatevault.client.Answer;
import org.templatevault.client.Api;
import org.templatevault.client.RefusedException;
import org.templatevault.client.UnreachableException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Erases one subject. */
@Command(
        name = "erase",
        description = {
            "Erases a subject with all its templates, for ever, and prints the receipt. Role: eraser.",
            "Says what will happen and asks; without a terminal it wants --yes. If somebody writes to the subject in"
                    + " between, nothing is erased (exit code 5)."
        },
        footer = "  vault erase $SUBJECT --reason data-subject-request --home .vault")
final class EraseCommand implements Callable<Integer> {
    @Parameters(paramLabel = "SUBJECT", description = "the person's id")
    UUID subject;

    @Option(names = "--reason", required = true, paramLabel = "NAME", description = "such as data-subject-request")
    String reason;

    @Option(names = "--yes", description = "do not ask")
    boolean yes;

    @Mixin
    Session session;

    @Override
    public Integer call() throws Exception {
        if (!yes && !session.terminal().isInteractive()) {
            throw session.usage("an erasure is for ever: run it on a terminal, or give --yes");
        }
        Api api = session.api("eraser");
        Answer seen = api.get("/subjects/" + subject).send();
        if (!yes && !confirmed(api, seen.json())) {
            session.note("Nothing was erased.");
            return ExitCode.FAILED;
        }
        String erasure = api.delete("/subjects/" + subject)
                .header("If-Match", seen.header("ETag"))
                .header("X-Reason", reason)
                .send()
                .json()
                .getString("id");
        JsonObject receipt = receipt(api, erasure);
        session.answer(receipt, () -> ReceiptCommand.text(receipt));
        return ExitCode.DONE;
    }

    private JsonObject receipt(Api api, String erasure) throws Exception {
        try {
            return api.get("/erasures/" + erasure).patient().send().json();
        } catch (UnreachableException | RefusedException e) {
            session.note("The subject is erased. Its receipt, later: vault receipt " + erasure);
            throw e;
        }
    }

    private boolean confirmed(Api api, JsonObject person) throws Exception {
        int templates = api.get("/subjects/" + subject + "/templates")
                .send()
                .json()
                .getJsonArray("templates")
                .size();
        session.note(String.format(
                "Subject %s, made %s, last there on %s, policy %s, has %s (%s bytes sealed).",
                subject,
                Text.field(person, "createdAt"),
                Text.field(person, "lastInteractionAt"),
                Text.field(person, "policy"),
                Text.count(templates, "template", "templates"),
                Text.field(person, "storedBytes")));
        session.note("Its key and all its rows are destroyed at once. Nobody can bring them back, and the id stays"
                + " erased for ever.");
        return session.terminal().confirms("Erase it?", "erase");
    }
}

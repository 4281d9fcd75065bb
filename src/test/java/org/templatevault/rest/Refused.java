package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import jakarta.json.JsonObject;
import org.templatevault.testing.Answer;

/** What every refusal says, and what none does. */
final class Refused {
    /** What a caller sends wrongly must not come back, so wrong values hold this word. */
    static final String CANARY = "c4n4ry";

    private Refused() {}

    /** This answer, which says nothing of what was sent nor of the inside. */
    static Answer silent(Answer answer) {
        assertFalse(answer.text().contains(CANARY), answer::toString);
        assertFalse(answer.headers().contains(CANARY), answer::toString);
        assertFalse(answer.text().contains("org.templatevault"), answer::toString);
        assertFalse(answer.text().contains("Exception"), answer::toString);
        return answer;
    }

    /** The answer names the field, and says what is wrong with it. */
    static void namesField(Answer answer, String field) {
        JsonObject problem = answer.problem(422, "invalid-field");
        assertEquals(field, problem.getJsonArray("errors").getJsonObject(0).getString("field"));
        assertFalse(problem.getJsonArray("errors")
                .getJsonObject(0)
                .getString("message")
                .isEmpty());
    }
}

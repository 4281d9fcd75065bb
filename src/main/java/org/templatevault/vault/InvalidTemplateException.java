package org.templatevault.vault;

import org.jspecify.annotations.Nullable;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A field of a template, a subject or a rule about them is broken; the message never repeats the value. */
public final class InvalidTemplateException extends VaultException {
    private InvalidTemplateException(ErrorKind kind, String code, String message, @Nullable String field) {
        super(kind, code, message, field, null);
    }

    /** The value of a field breaks its rule. */
    public static InvalidTemplateException field(String field, String rule) {
        return new InvalidTemplateException(ErrorKind.INVALID, "invalid-field", field + ": " + rule, field);
    }

    /** The template's bytes are over the limit. */
    public static InvalidTemplateException tooLarge(int limit) {
        return new InvalidTemplateException(
                ErrorKind.TOO_LARGE, "template-too-large", "A template has at most " + limit + " bytes", "data");
    }

    /** The subject has no room for more. */
    public static InvalidTemplateException subjectFull(long limit) {
        return new InvalidTemplateException(
                ErrorKind.TOO_LARGE,
                "subject-full",
                "A subject's templates have at most " + limit + " stored bytes",
                null);
    }
}

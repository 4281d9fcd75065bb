package org.templatevault.vault;

import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.envelope.PackedPayload;
import org.templatevault.envelope.TemplateAttributes;
import org.templatevault.envelope.TemplateEnvelope;
import org.templatevault.error.VaultException;

/**
 * One item of a batch to store: a packed template, or the reason why it cannot be one. Packing at once lets go of the
 * plaintext item by item.
 */
public final class BatchItem implements AutoCloseable {
    private final @Nullable UUID subject;
    private final @Nullable TemplateAttributes attributes;
    private final @Nullable PackedPayload packed;
    private final @Nullable VaultException problem;
    private final @Nullable String policy;

    private BatchItem(
            @Nullable UUID subject,
            @Nullable String policy,
            @Nullable TemplateAttributes attributes,
            @Nullable PackedPayload packed,
            @Nullable VaultException problem) {
        this.subject = subject;
        this.policy = policy;
        this.attributes = attributes;
        this.packed = packed;
        this.problem = problem;
    }

    /** An item that can be stored; the template is closed. */
    public static BatchItem of(UUID subject, NewTemplate template) {
        try (template) {
            return new BatchItem(
                    subject, template.policy(), template.attributes(), TemplateEnvelope.pack(template.payload()), null);
        }
    }

    /** An item that cannot be stored. */
    public static BatchItem refused(VaultException problem) {
        return new BatchItem(null, null, null, null, problem);
    }

    boolean isRefused() {
        return problem != null;
    }

    VaultException problem() {
        return java.util.Objects.requireNonNull(problem);
    }

    UUID subject() {
        return java.util.Objects.requireNonNull(subject);
    }

    /** The retention policy that it names for its subject. */
    @Nullable String policy() {
        return policy;
    }

    TemplateAttributes attributes() {
        return java.util.Objects.requireNonNull(attributes);
    }

    PackedPayload packed() {
        return java.util.Objects.requireNonNull(packed);
    }

    @Override
    public void close() {
        if (packed != null) {
            packed.close();
        }
    }
}

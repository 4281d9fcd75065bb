package org.templatevault.envelope;

import java.time.Instant;
import java.util.UUID;
import org.templatevault.crypto.AssociatedData;
import org.templatevault.crypto.Suite;

/**
 * Which template an envelope is, and all that is stored in the open about it. An envelope opens only under the identity
 * it was sealed under. Vault, subject and template come from the request or the look-up, never from the row that is
 * being checked.
 *
 * @param vault this installation
 * @param subject whose template it is
 * @param template which of the subject's templates
 * @param version which version of that template
 * @param dekNumber which of the subject's DEKs sealed it
 * @param suite the data suite of that DEK
 * @param attributes what stands in the open
 * @param createdAt when this version was stored, in whole microseconds
 * @param createdBy who stored this version
 */
public record TemplateIdentity(
        UUID vault,
        UUID subject,
        UUID template,
        int version,
        int dekNumber,
        Suite suite,
        TemplateAttributes attributes,
        Instant createdAt,
        String createdBy) {

    /**
     * The associated data, label {@code tv/template}: subject, template, version (int), DEK number (int), suite (int,
     * its code), modality, position, format, quality (int), extractor name, extractor version, created at, created by.
     *
     * @throws IllegalArgumentException if {@code createdAt} is finer than a microsecond
     */
    public byte[] associatedData() {
        return AssociatedData.of("tv/template", vault)
                .add(subject)
                .add(template)
                .add(version)
                .add(dekNumber)
                .add((int) suite.code())
                .add(attributes.modality())
                .addOptional(attributes.position())
                .add(attributes.format())
                .addOptional(attributes.quality())
                .addOptional(attributes.extractorName())
                .addOptional(attributes.extractorVersion())
                .add(createdAt)
                .add(createdBy)
                .toBytes();
    }
}

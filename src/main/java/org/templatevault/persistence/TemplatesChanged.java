package org.templatevault.persistence;

import java.util.List;

/**
 * Rows of {@code template} came or went in the present transaction. Fired by {@link Templates}, the one place that
 * inserts and deletes them, on the thread of the work.
 */
public record TemplatesChanged(List<TemplateIdentityRow> added, List<TemplateIdentityRow> removed) {}

package org.templatevault.rest;

import jakarta.annotation.security.DeclareRoles;
import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.vault.InvalidTemplateException;

/** The API below {@code /api/v1} and its roles. */
@ApplicationPath("/api/v1")
@DeclareRoles({"enroller", "reader", "eraser", "key-custodian", "approver", "auditor", "operator"})
public class Api extends Application {
    /** The roles, as {@link DeclareRoles} has them. */
    static final List<String> ROLES =
            List.of(Api.class.getAnnotation(DeclareRoles.class).value());

    /** The roles, by name. */
    public static List<String> roles() {
        return ROLES;
    }

    static final String UUID_PATTERN = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    static final String PROBLEM_JSON = "application/problem+json";

    /** The UUID of a query parameter. */
    static UUID uuid(String name, @Nullable String value) {
        if (value == null || !value.matches(UUID_PATTERN)) {
            throw InvalidTemplateException.field(name, "a UUID, such as an earlier answer gave");
        }
        return UUID.fromString(value);
    }
}

package org.templatevault.rest;

import jakarta.inject.Inject;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.DatabaseUnavailableException;
import org.templatevault.vault.SubjectErasedException;
import org.templatevault.vault.VaultMetrics;

/** Turns every failure into a problem document; what the vault did not foresee tells only an incident's id. */
@Provider
public class ProblemMapper implements ExceptionMapper<Throwable> {
    private static final System.Logger LOG = System.getLogger(ProblemMapper.class.getName());

    @Inject
    VaultMetrics metrics;

    @Override
    public Response toResponse(Throwable failure) {
        String requestId = RequestLog.currentRequestId();
        if (failure instanceof VaultException known) {
            return known(known, requestId);
        }
        if (failure instanceof WebApplicationException http) {
            return http(http.getResponse(), requestId);
        }
        VaultException cause = vaultCause(failure);
        if (cause == null) {
            cause = DatabaseUnavailableException.causeOf(failure).orElse(null);
        }
        return cause == null ? incident(failure, requestId) : known(cause, requestId);
    }

    private Response known(VaultException failure, String requestId) {
        AuditContext.failed(failure.code());
        if (failure.kind() == ErrorKind.INTEGRITY) {
            metrics.integrityFailure();
            return incident(failure, requestId);
        }
        if (failure.kind() == ErrorKind.UNAVAILABLE) {
            LOG.log(System.Logger.Level.WARNING, failure.code() + " requestId=" + requestId, failure);
        }
        var document = Problem.document(failure, requestId);
        if (failure instanceof SubjectErasedException erased && erased.erasure() != null) {
            document = jakarta.json.Json.createObjectBuilder(document)
                    .add("receipt", "/api/v1/erasures/" + erased.erasure())
                    .build();
        }
        return Problem.response(Problem.status(failure.kind()), document);
    }

    private static Response http(Response thrown, String requestId) {
        int status = thrown.getStatus();
        AuditContext.failed(Problem.code(status));
        Response response = Problem.response(
                status,
                Problem.base(status, Problem.code(status), null, requestId).build());
        String allow = thrown.getHeaderString("Allow");
        return allow == null
                ? response
                : Response.fromResponse(response).header("Allow", allow).build();
    }

    private static @Nullable VaultException vaultCause(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof VaultException known) {
                return known;
            }
        }
        return null;
    }

    private static Response incident(Throwable failure, String requestId) {
        String incident = UUID.randomUUID().toString();
        boolean integrity = failure instanceof VaultException;
        AuditContext.failed(integrity ? "integrity-failure" : "internal-error");
        LOG.log(
                System.Logger.Level.ERROR,
                (integrity ? "Integrity alarm" : "Unforeseen failure") + " incident=" + incident + " requestId="
                        + requestId,
                failure);
        var document = Problem.base(500, integrity ? "integrity-failure" : "internal-error", null, requestId)
                .add("incident", incident);
        return Problem.response(500, document.build());
    }
}

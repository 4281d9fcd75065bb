package org.templatevault.approval;

import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;

/** A request of two people cannot be decided or used like this. */
public final class ApprovalException extends VaultException {
    private ApprovalException(ErrorKind kind, String code, String message) {
        super(kind, code, message);
    }

    static ApprovalException absent() {
        return new ApprovalException(ErrorKind.NOT_FOUND, "approval-not-found", "There is no such approval");
    }

    static ApprovalException ownRequest() {
        return new ApprovalException(
                ErrorKind.FORBIDDEN, "own-request", "Somebody else than the requester has to approve it");
    }

    static ApprovalException notOwnRequest() {
        return new ApprovalException(
                ErrorKind.FORBIDDEN,
                "not-own-request",
                "It was asked for by somebody else: a key-custodian or approver can take it back");
    }

    static ApprovalException otherRequest() {
        return new ApprovalException(
                ErrorKind.CONFLICT, "request-hash-differs", "requestHash is not that of this request: read it again");
    }

    static ApprovalException state(String state) {
        return new ApprovalException(
                ErrorKind.CONFLICT, "approval-state", "This is not possible any more: it is " + state);
    }

    /** What was approved is not what stands there now. */
    public static ApprovalException changed() {
        return notYet("The request was changed after it was made");
    }

    static ApprovalException notYet(String reason) {
        return new ApprovalException(ErrorKind.CONFLICT, "approval-not-in-effect", reason);
    }
}

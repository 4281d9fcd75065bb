package org.templatevault.cli;

import org.templatevault.client.Problem;

/** How a command ends; scripts rely on these numbers. */
final class ExitCode {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int FORBIDDEN = 3;
    static final int ABSENT = 4;
    static final int CONFLICT = 5;
    static final int INTEGRITY = 6;
    static final int UNAVAILABLE = 7;
    static final int UNTRUSTED = 8;

    private ExitCode() {}

    static int of(Problem problem) {
        if (problem.code().equals("integrity-failure")) {
            return INTEGRITY;
        }
        return switch (problem.status()) {
            case 400, 422 -> USAGE;
            case 401, 403 -> FORBIDDEN;
            case 404, 410 -> ABSENT;
            case 409, 412 -> CONFLICT;
            case 429, 502, 503, 504 -> UNAVAILABLE;
            default -> FAILED;
        };
    }
}

package org.templatevault.client;

/** The vault answered, and the answer is no. */
public final class RefusedException extends Exception {
    private final transient Problem problem;

    /** With what the answer says. */
    public RefusedException(Problem problem) {
        super(problem.text());
        this.problem = problem;
    }

    /** What the answer says. */
    public Problem problem() {
        return problem;
    }
}

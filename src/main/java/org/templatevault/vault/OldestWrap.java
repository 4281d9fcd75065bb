package org.templatevault.vault;

/**
 * The oldest version under which the attempts of one transaction have wrapped the DEKs of new subjects. An attempt that was
 * rolled back has left what it wrote in the log. For one request.
 */
final class OldestWrap {
    private int version = Integer.MAX_VALUE;

    /** One more attempt; the oldest of all. */
    int with(int active) {
        version = Math.min(version, active);
        return version;
    }
}

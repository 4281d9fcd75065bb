package org.templatevault.cli;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.util.List;
import org.templatevault.client.RefusedException;

/** The records of a batch. Each has a name that does not change from run to run. */
interface Source {
    /** All of them, in their order. */
    List<String> names();

    /**
     * One record in the form of the API, with what it says of itself: always data, the rest perhaps.
     *
     * @throws RefusedException if it cannot be a template
     */
    JsonObject read(String name) throws RefusedException, IOException;
}

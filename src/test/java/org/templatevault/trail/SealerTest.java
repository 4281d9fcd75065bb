package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.templatevault.persistence.AuditEntries;

class SealerTest {
    private static final String ELEMENT =
            "{\"template\":\"0b9f5f0e-3a37-4d0c-8a3c-5b8f1d2e6c70\",\"version\":1,\"bucket\":%s,\"element\":\"%s\"}";

    private static byte[] folded(String line) {
        BucketSums sums = new BucketSums();
        Sealer.fold(new AuditEntries.Row(Instant.EPOCH, UUID.randomUUID(), "GET /", "ok", null, null, line), sums);
        return sums.toBytes();
    }

    @Test
    void countsWhatAnEntrySaysOfRows() {
        String line = "{\"added\":[" + ELEMENT.formatted("63", "01".repeat(32)) + "]}";
        assertFalse(Arrays.equals(new BucketSums().toBytes(), folded(line)));
    }

    /** Whoever may insert an entry must not be able to end the sealing of all others. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"added\":\"x\"}",
                "{\"added\":[{}]}",
                "{\"added\":[7]}",
                "{\"removed\":[null]}",
                "{\"added\":[%s",
                "\"added\":"
            })
    void takesNoHarmFromAnEntryThatNobodyCanRead(String line) {
        assertArrayEquals(new BucketSums().toBytes(), folded(line));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "no block", "{}", "{\"block\":1.5}", "{\"block\":1e99}", "{\"block\":%s}", "%s"})
    void readsNoBlockFromALineThatIsNone(String line) {
        String text = line.formatted("[".repeat(5000) + "]".repeat(5000));
        assertThrows(IllegalArgumentException.class, () -> Block.read(text));
        assertTrue(Checkpoints.read(text).isEmpty());
    }

    @Test
    void takesNoHarmFromAnElementThatCannotBe() {
        for (String bucket : new String[] {"64", "-1", "1e9", "\"x\""}) {
            String element = ELEMENT.formatted(bucket, "01".repeat(32));
            String good = ELEMENT.formatted("1", "02".repeat(32));
            assertArrayEquals(
                    new BucketSums().toBytes(), folded("{\"added\":[" + good + "],\"removed\":[" + element + "]}"));
        }
        assertArrayEquals(
                new BucketSums().toBytes(), folded("{\"added\":[" + ELEMENT.formatted("1", "01".repeat(31)) + "]}"));
        assertArrayEquals(
                new BucketSums().toBytes(), folded("{\"added\":" + "[".repeat(5000) + "]".repeat(5000) + "}"));
    }
}

package org.templatevault.trail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class JsonLineTest {
    @Test
    void isOneLineOfAsciiWhateverStandsInIt() {
        String text = "quote \" back \\ line\nbreak\r tab\t nul\0 é \u2028 \ud83d\ude00 \ud83d \u007f";
        String line = new JsonLine().add("text", text).toString();
        assertTrue(line.chars().allMatch(c -> c >= ' ' && c <= '~'), line);
        assertEquals(text, JsonText.object(line).getString("text"));
    }

    @Test
    void leavesOutWhatIsAbsent() {
        String line = new JsonLine()
                .add("a", (String) null)
                .add("b", (Integer) null)
                .add("c", 1)
                .toString();
        assertEquals("{\"c\":1}", line);
    }

    @Test
    void writesObjectsAndLists() {
        JsonLine inner = new JsonLine().add("x", "y");
        String line = new JsonLine()
                .add("o", inner)
                .add("l", List.of("a", "b"))
                .add("e", List.of(inner))
                .toString();
        assertEquals("{\"o\":{\"x\":\"y\"},\"l\":[\"a\",\"b\"],\"e\":[{\"x\":\"y\"}]}", line);
        assertFalse(JsonText.find(line.substring(1)).isPresent());
    }
}

package org.templatevault.envelope;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.templatevault.crypto.Suite;

class IdentityTest {
    private static final String VAULT = "02" + "00000010" + "00112233445546778899aabbccddeeff";
    private static final String SUBJECT = "02" + "00000010" + "11111111222243338444555555555555";
    private static final String TEMPLATE = "02" + "00000010" + "aaaaaaaabbbb4ccc8dddeeeeeeeeeeee";
    private static final String CREATED_AT = "05" + "00000008" + "0006475ef6574f35";

    @Test
    void aTemplatesAssociatedDataHasItsBytesForEver() {
        assertEquals(
                "01" + "0000000b" + "74762f74656d706c617465" + "07" + "00000001" + "01" + VAULT + SUBJECT + TEMPLATE
                        + "04" + "00000004" + "00000002"
                        + "04" + "00000004" + "00000003"
                        + "04" + "00000004" + "00000001"
                        + "01" + "0000000b" + "46494e4745525052494e54"
                        + "01" + "0000000b" + "52494748545f494e444558"
                        + "01" + "00000010" + "49534f5f31393739345f325f32303035"
                        + "04" + "00000004" + "00000050"
                        + "01" + "00000005" + "6d616b6572"
                        + "01" + "00000003" + "312e32"
                        + CREATED_AT
                        + "01" + "00000009" + "73746174696f6e2d37",
                hex(Golden.identity(Suite.CHACHA20_POLY1305).associatedData()));
    }

    @Test
    void absentAttributesHaveTheirBytesForEver() {
        assertEquals(
                "01" + "0000000b" + "74762f74656d706c617465" + "07" + "00000001" + "01" + VAULT + SUBJECT + TEMPLATE
                        + "04" + "00000004" + "00000002"
                        + "04" + "00000004" + "00000003"
                        + "04" + "00000004" + "00000002"
                        + "01" + "00000004" + "46414345"
                        + "00" + "00000000"
                        + "01" + "00000006" + "4f5041515545"
                        + "00" + "00000000"
                        + "00" + "00000000"
                        + "00" + "00000000"
                        + CREATED_AT
                        + "01" + "00000009" + "73746174696f6e2d37",
                hex(Golden.bareIdentity(Suite.AES_256_GCM).associatedData()));
    }

    @Test
    void aSubjectKeysAssociatedDataHasItsBytesForEver() {
        assertEquals(
                "01" + "00000006" + "74762f64656b" + "07" + "00000001" + "01" + VAULT + SUBJECT
                        + "04" + "00000004" + "00000003"
                        + "04" + "00000004" + "00000007"
                        + "04" + "00000004" + "00000005"
                        + "04" + "00000004" + "00000002"
                        + "04" + "00000004" + "00000001"
                        + CREATED_AT,
                hex(Golden.keyIdentity().associatedData()));
    }

    @ParameterizedTest
    @EnumSource
    void everyComponentOfATemplatesIdentityIsBound(Suite suite) {
        assertAllDiffer(Golden.identity(suite), TemplateIdentity::associatedData);
        assertAllDiffer(Golden.bareIdentity(suite), TemplateIdentity::associatedData);
    }

    @Test
    void everyComponentOfASubjectKeysIdentityIsBound() {
        assertAllDiffer(Golden.keyIdentity(), SubjectKeyIdentity::associatedData);
    }

    @Test
    void refusesATimeThatTheDatabaseWouldRound() {
        Instant fine = Golden.CREATED_AT.plusNanos(1);
        SubjectKeyIdentity identity = new SubjectKeyIdentity(
                Golden.VAULT, Golden.SUBJECT, 1, 1, 1, Suite.AES_256_GCM, Suite.AES_256_GCM, fine);
        assertThrows(IllegalArgumentException.class, identity::associatedData);
    }

    private static <R extends Record> void assertAllDiffer(R original, Function<R, byte[]> associatedData) {
        Map<ByteBuffer, String> seen = new HashMap<>();
        seen.put(ByteBuffer.wrap(associatedData.apply(original)), "the original");
        ChangedRecord.oneByOne(original).forEach((change, changed) -> {
            String same = seen.put(ByteBuffer.wrap(associatedData.apply(changed)), change);
            assertEquals(null, same, change);
        });
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}

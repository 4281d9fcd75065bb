package org.templatevault.persistence;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.templatevault.testing.SharedVault;

/** PostgreSQL reads the elements that were given, in the binary form and in the text. */
class UuidArrayIT {
    private static final UUID FIRST = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final UUID SECOND = UUID.fromString("ffeeddcc-bbaa-9988-7766-554433221100");

    static Stream<Arguments> arrays() {
        return Stream.of("", "2951")
                .flatMap(binary -> Stream.of(
                        Arguments.of(binary, List.of(), "{}"),
                        Arguments.of(binary, List.of(FIRST), "{" + FIRST + "}"),
                        Arguments.of(
                                binary,
                                Arrays.asList(FIRST, null, SECOND, FIRST),
                                "{" + FIRST + ",NULL," + SECOND + "," + FIRST + "}")));
    }

    @ParameterizedTest
    @MethodSource("arrays")
    void isReadAsItsElements(String binary, List<@Nullable UUID> elements, String read) throws Exception {
        PGSimpleDataSource database =
                (PGSimpleDataSource) SharedVault.server().home().superuser();
        database.setBinaryTransferEnable(binary);
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement("select (?::uuid[])::text")) {
            statement.setObject(1, new UuidArray(elements));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                assertEquals(read, row.getString(1));
            }
        }
    }
}

package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLDataException;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.hibernate.engine.spi.SessionImplementor;
import org.hibernate.jdbc.ReturningWork;
import org.jspecify.annotations.Nullable;

/**
 * Sends all statements but the insertion of templates, over the connection of the present transaction, or one for each
 * statement where there is none. Arguments are bound, never concatenated.
 */
@ApplicationScoped
public class Sql {
    /** Reads one row of a result. */
    @FunctionalInterface
    interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** Takes one row of a result. */
    @FunctionalInterface
    interface RowConsumer {
        void accept(ResultSet row) throws SQLException;
    }

    private static final int FETCHED_AT_ONCE = 1000;
    private static final String DATETIME_FIELD_OVERFLOW = "22008";

    /** An array argument, with PostgreSQL's name of its elements' type; for UUIDs {@link UuidArray}. */
    record ArrayOf(String type, List<?> elements) {
        /** What each row has there; null where it has nothing. */
        static <R> ArrayOf column(String type, List<R> rows, Function<R, ? extends @Nullable Object> value) {
            List<@Nullable Object> elements = new ArrayList<>(rows.size());
            for (R row : rows) {
                elements.add(value.apply(row));
            }
            return new ArrayOf(type, elements);
        }
    }

    private static final int PATIENCE_MILLIS = 3_600_000;
    private static final ThreadLocal<Boolean> PATIENT = ThreadLocal.withInitial(() -> false);

    @PersistenceContext(unitName = "vault")
    EntityManager em;

    <T> List<T> query(String sql, RowReader<T> reader, @Nullable Object... arguments) {
        return execute(connection -> {
            try (PreparedStatement statement = prepare(connection, sql, arguments);
                    ResultSet rows = statement.executeQuery()) {
                List<T> result = new ArrayList<>();
                while (rows.next()) {
                    result.add(reader.read(rows));
                }
                return result;
            }
        });
    }

    <T> Optional<T> first(String sql, RowReader<T> reader, @Nullable Object... arguments) {
        return query(sql, reader, arguments).stream().findFirst();
    }

    /**
     * Whether a query has a row; false as well where that cannot be said within this time. In a transaction, which goes on
     * in either case.
     */
    boolean existsWithin(Duration longest, String sql, @Nullable Object... arguments) {
        return execute(connection -> {
            try (Statement bounds = connection.createStatement();
                    PreparedStatement statement = prepare(connection, sql, arguments)) {
                bounds.execute("savepoint bounded");
                bounds.execute("set local statement_timeout = " + longest.toMillis());
                try (ResultSet rows = statement.executeQuery()) {
                    return rows.next();
                } catch (SQLException failure) {
                    if (!Failures.isCanceled(failure)) {
                        throw failure;
                    }
                    return false;
                } finally {
                    bounds.execute("rollback to savepoint bounded");
                    bounds.execute("release savepoint bounded");
                }
            }
        });
    }

    /** Reads the rows of one statement, some at a time; inside a transaction only. */
    void forEach(String sql, RowConsumer consumer, @Nullable Object... arguments) {
        execute(connection -> {
            try (PreparedStatement statement = prepare(connection, sql, arguments)) {
                statement.setFetchSize(FETCHED_AT_ONCE);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        consumer.accept(rows);
                    }
                }
                return null;
            }
        });
    }

    int update(String sql, @Nullable Object... arguments) {
        return execute(connection -> {
            try (PreparedStatement statement = prepare(connection, sql, arguments)) {
                return statement.executeUpdate();
            }
        });
    }

    /** Runs work whose statements may take up to an hour, longer than an answer is waited for otherwise: they read whole tables. */
    static <T extends @Nullable Object> T patiently(Supplier<T> work) {
        boolean already = PATIENT.get();
        PATIENT.set(true);
        try {
            return work.get();
        } finally {
            PATIENT.set(already);
        }
    }

    private static <T extends @Nullable Object> T waitLong(Connection connection, ReturningWork<T> work)
            throws SQLException {
        int usual = connection.getNetworkTimeout();
        connection.setNetworkTimeout(Runnable::run, PATIENCE_MILLIS);
        try {
            return work.execute(connection);
        } finally {
            connection.setNetworkTimeout(Runnable::run, usual);
        }
    }

    /** Runs a statement without arguments {@link #patiently}. */
    void runLong(String sql) {
        Boolean done = patiently(() -> execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                return !statement.execute(sql);
            }
        }));
        if (!done) {
            throw new IllegalStateException("A statement gave rows that nobody reads");
        }
    }

    /**
     * As {@link #runLong} for a VACUUM, with the pauses that an autovacuum makes, which one that is asked for does not:
     * after some pages it waits for two milliseconds.
     */
    void vacuumGently(String vacuum) {
        patiently(() -> execute(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("set vacuum_cost_delay = '2ms'");
                try {
                    return statement.execute(vacuum);
                } finally {
                    statement.execute("reset vacuum_cost_delay");
                }
            }
        }));
    }

    /** Where it fails, the connection goes back as well: a read outside a transaction tries again on another one. */
    private <T extends @Nullable Object> T execute(ReturningWork<T> work) {
        SessionImplementor session = em.unwrap(SessionImplementor.class);
        try {
            return session.doReturningWork(PATIENT.get() ? connection -> waitLong(connection, work) : work);
        } catch (RuntimeException failure) {
            try {
                session.getJdbcCoordinator().afterStatementExecution();
            } catch (RuntimeException lost) {
                failure.addSuppressed(lost);
            }
            throw failure;
        }
    }

    private static PreparedStatement prepare(Connection connection, String sql, @Nullable Object[] arguments)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        try {
            for (int i = 0; i < arguments.length; i++) {
                bind(statement, i + 1, arguments[i]);
            }
            return statement;
        } catch (SQLException | RuntimeException e) {
            statement.close();
            throw e;
        }
    }

    private static void bind(PreparedStatement statement, int index, @Nullable Object argument) throws SQLException {
        if (argument instanceof UuidArray array) {
            statement.setObject(index, array);
        } else if (argument instanceof ArrayOf array) {
            statement.setArray(index, statement.getConnection().createArrayOf(array.type, elements(array)));
        } else if (argument instanceof Instant instant) {
            statement.setObject(index, inUtc(instant));
        } else if (argument instanceof byte[] bytes) {
            statement.setBytes(index, bytes);
        } else if (argument instanceof Bytes bytes) {
            statement.setBytes(index, bytes.toArray());
        } else {
            statement.setObject(index, argument);
        }
    }

    /** A time that Java cannot give a day is refused like one that PostgreSQL cannot hold. */
    private static OffsetDateTime inUtc(Instant instant) throws SQLException {
        try {
            return instant.atOffset(ZoneOffset.UTC);
        } catch (DateTimeException tooFar) {
            throw new SQLDataException("A time past the years that there are", DATETIME_FIELD_OVERFLOW, tooFar);
        }
    }

    /** Of the elements' own class: the driver would send objects as text. */
    private static Object[] elements(ArrayOf array) {
        return switch (array.type) {
            case "bytea" -> array.elements.toArray(byte[][]::new);
            case "int4" -> array.elements.toArray(Integer[]::new);
            case "int8" -> array.elements.toArray(Long[]::new);
            case "text" -> array.elements.toArray(String[]::new);
            default -> array.elements.toArray();
        };
    }

    static ArrayOf instants(List<Instant> elements) {
        return new ArrayOf("timestamptz", elements);
    }

    static Instant instant(ResultSet row, String column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }

    static @Nullable Instant instantOrNull(ResultSet row, String column) throws SQLException {
        OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }

    static @Nullable Bytes bytesOrNull(ResultSet row, String column) throws SQLException {
        byte[] value = row.getBytes(column);
        return value == null ? null : Bytes.of(value);
    }

    static UUID uuid(ResultSet row, String column) throws SQLException {
        return row.getObject(column, UUID.class);
    }
}

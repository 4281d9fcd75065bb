package org.templatevault.bench;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import javax.sql.DataSource;

/**
 * What an application without a vault would write: read a row, decrypt, encrypt, update, one by one over 16 connections,
 * each update committed for good. AES-256-GCM with both keys in memory, or with two requests a row to a service.
 */
final class PlainLoop {
    private static final int NONCE = 12;
    private static final int TAG_BITS = 128;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final DataSource database;
    private final SecretKeySpec oldKey = key();
    private final SecretKeySpec newKey = key();

    PlainLoop(DataSource database) {
        this.database = database;
    }

    private static SecretKeySpec key() {
        byte[] bytes = new byte[32];
        RANDOM.nextBytes(bytes);
        return new SecretKeySpec(bytes, "AES");
    }

    /** Rows a second over so many seconds. */
    double perSecond(int seconds, List<UUID[]> rows, Callable<Load.Worker> service) throws Exception {
        Collections.shuffle(rows);
        BlockingQueue<UUID[]> left = new LinkedBlockingQueue<>(rows);
        byte[] sealed = seal(oldKey, Population.template());
        return Load.perSecond(seconds, () -> new Row(database.getConnection(), left, sealed, service.call()));
    }

    /** A key in memory: nobody is asked. */
    static Load.Worker nobody() {
        return () -> 0;
    }

    private static byte[] seal(SecretKeySpec key, byte[] plain) throws GeneralSecurityException {
        byte[] nonce = new byte[NONCE];
        RANDOM.nextBytes(nonce);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, nonce));
        byte[] sealed = java.util.Arrays.copyOf(nonce, NONCE + plain.length + TAG_BITS / 8);
        cipher.doFinal(plain, 0, plain.length, sealed, NONCE);
        return sealed;
    }

    private static byte[] open(SecretKeySpec key, byte[] sealed) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(TAG_BITS, sealed, 0, NONCE));
        return cipher.doFinal(sealed, NONCE, sealed.length - NONCE);
    }

    private final class Row implements Load.Worker {
        private final Connection connection;
        private final BlockingQueue<UUID[]> left;
        private final byte[] sealed;
        private final Load.Worker service;
        private final PreparedStatement select;
        private final PreparedStatement update;

        Row(Connection connection, BlockingQueue<UUID[]> left, byte[] sealed, Load.Worker service) throws SQLException {
            this.connection = connection;
            this.left = left;
            this.sealed = sealed;
            this.service = service;
            select = connection.prepareStatement(
                    "select envelope from " + Floor.TABLE + " where subject_id = ? and id = ?");
            update = connection.prepareStatement("update " + Floor.TABLE
                    + " set dek_number = dek_number + 1, envelope = ? where subject_id = ? and id = ?");
        }

        /** The bytes that are decrypted are of the same length as the row's, and sealed beforehand. */
        @Override
        public int work() throws Exception {
            UUID[] row = left.take();
            select.setObject(1, row[0]);
            select.setObject(2, row[1]);
            try (ResultSet found = select.executeQuery()) {
                found.next();
                if (found.getBytes(1).length == 0) {
                    throw new IllegalStateException("A row is empty");
                }
            }
            service.work();
            byte[] plain = open(oldKey, sealed);
            service.work();
            update.setBytes(1, seal(newKey, plain));
            update.setObject(2, row[0]);
            update.setObject(3, row[1]);
            int updated = update.executeUpdate();
            left.add(row);
            return updated;
        }

        @Override
        public void close() throws IOException, SQLException {
            service.close();
            connection.close();
        }
    }
}

package org.templatevault.keyring;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;
import javax.crypto.spec.SecretKeySpec;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.crypto.WrappedKey;

/**
 * The root keys in a PKCS#12 file. A root key never leaves this class; it wraps KEKs with AES-256-GCM and associated
 * data. The file is replaced as a whole: a new file, fsync, rename, fsync of the directory; a crash between any two of
 * these leaves the old file or the new one.
 */
final class RootKeyFile implements RootKeys {
    private static final Suite SUITE = Suite.AES_256_GCM;
    private static final int LOCK_TRIES = 100;
    private static final long LOCK_PAUSE_MILLIS = 100;

    private final Path file;
    private final char[] password;

    RootKeyFile(Path file, String password) {
        this.file = file.toAbsolutePath();
        this.password = password.toCharArray();
    }

    boolean exists() {
        return Files.exists(file);
    }

    /** Makes an empty key store where none is; that of another node which was first stays. */
    synchronized void create() {
        try {
            FileChannel lock = lock();
            try {
                if (!exists()) {
                    KeyStore store = KeyStore.getInstance("PKCS12");
                    store.load(null, null);
                    write(store);
                }
            } finally {
                lock.close();
            }
        } catch (GeneralSecurityException | IOException e) {
            throw cannotWrite(e);
        }
    }

    @Override
    public void generate(String alias) {
        try (SecretBytes key = SecretBytes.random(Suite.KEY_BYTES)) {
            change(store -> {
                if (store.containsAlias(alias)) {
                    throw new KeyStoreUnavailableException(
                            "VAULT_KEYSTORE_FILE: the alias " + alias + " is taken", null);
                }
                store.setEntry(
                        alias,
                        new KeyStore.SecretKeyEntry(new SecretKeySpec(key.reveal(), "AES")),
                        new KeyStore.PasswordProtection(password));
                return true;
            });
        }
    }

    /** What is done to the entries; true if the file has to be written. */
    private interface Change {
        boolean apply(KeyStore store) throws GeneralSecurityException;
    }

    private synchronized void change(Change change) {
        try {
            FileChannel lock = lock();
            try {
                KeyStore store = load();
                if (change.apply(store)) {
                    write(store);
                }
            } finally {
                lock.close();
            }
        } catch (GeneralSecurityException | IOException e) {
            throw cannotWrite(e);
        }
    }

    /**
     * Held while the file is read, changed and replaced: of the nodes that share it, one that slept in the middle must
     * not bring back a file without the keys that another made meanwhile. Closing it releases the lock.
     */
    private FileChannel lock() throws IOException {
        Path beside = target().resolveSibling(target().getFileName() + ".lock");
        FileChannel channel = FileChannel.open(beside, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            for (int tries = 0; tries < LOCK_TRIES; tries++) {
                if (channel.tryLock() != null) {
                    return channel;
                }
                Thread.sleep(LOCK_PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new KeyStoreUnavailableException("VAULT_KEYSTORE_FILE: another node is writing " + file, null);
    }

    @Override
    public byte[] wrap(String alias, SecretBytes kek, byte[] aad) {
        try (SecretBytes rootKey = read(alias)) {
            return WrappedKey.wrap(SUITE, rootKey, kek, aad);
        }
    }

    @Override
    public SecretBytes unwrap(String alias, byte[] wrapped, byte[] aad) {
        try (SecretBytes rootKey = read(alias)) {
            return WrappedKey.unwrap(SUITE, rootKey, wrapped, Suite.KEY_BYTES, aad);
        }
    }

    @Override
    public void delete(String alias) {
        change(store -> {
            boolean present = store.containsAlias(alias);
            if (present) {
                store.deleteEntry(alias);
            }
            return present;
        });
    }

    @Override
    public SortedSet<String> aliases() {
        try {
            return new TreeSet<>(Collections.list(load().aliases()));
        } catch (GeneralSecurityException e) {
            throw new KeyStoreUnavailableException("VAULT_KEYSTORE_FILE: cannot list " + file, e);
        }
    }

    @Override
    public boolean isReachable() {
        return Files.isReadable(file);
    }

    private SecretBytes read(String alias) {
        try {
            Key key = load().getKey(alias, password);
            if (key == null) {
                throw new KeyStoreUnavailableException(
                        "VAULT_KEYSTORE_FILE: " + file + " holds no root key \"" + alias + '"', null);
            }
            return SecretBytes.takeOver(key.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new KeyStoreUnavailableException(
                    "VAULT_KEYSTORE_FILE: the root key \"" + alias + "\" cannot be read", e);
        }
    }

    private KeyStore load() {
        try (var in = Files.newInputStream(file)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, password);
            return store;
        } catch (IOException e) {
            boolean wrongPassword = e.getCause() instanceof GeneralSecurityException;
            String setting =
                    wrongPassword ? "VAULT_KEYSTORE_PASSWORD: does not open " : "VAULT_KEYSTORE_FILE: cannot read ";
            throw new KeyStoreUnavailableException(setting + file, e);
        } catch (GeneralSecurityException e) {
            throw new KeyStoreUnavailableException("VAULT_KEYSTORE_FILE: not a PKCS#12 key store: " + file, e);
        }
    }

    private void write(KeyStore store) throws GeneralSecurityException, IOException {
        Path target = target();
        Path directory = java.util.Objects.requireNonNull(target.getParent());
        // Always the same name: a copy that a crash left behind goes with the next write, and its keys with it.
        Path fresh = directory.resolve(target.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        Files.createFile(fresh, ownerOnly());
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
            var bytes = new java.io.ByteArrayOutputStream();
            store.store(bytes, password);
            var buffer = java.nio.ByteBuffer.wrap(bytes.toByteArray());
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        } catch (GeneralSecurityException | IOException e) {
            Files.deleteIfExists(fresh);
            throw e;
        }
        Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        forceDirectory(directory);
    }

    /** The file itself where the setting names a link: a rename would replace the link. */
    private Path target() throws IOException {
        return exists() ? file.toRealPath() : file;
    }

    /** Without this the rename itself can be lost with the power; platforms that cannot open a directory need none. */
    private static void forceDirectory(Path directory) throws IOException {
        if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    private static FileAttribute<?>[] ownerOnly() {
        boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
        return posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
    }

    private KeyStoreUnavailableException cannotWrite(Exception cause) {
        return new KeyStoreUnavailableException("VAULT_KEYSTORE_FILE: cannot write " + file, cause);
    }

    /** The file's name only. */
    @Override
    public String toString() {
        return "RootKeyFile[" + file + "]";
    }
}

package org.templatevault.keyring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.templatevault.config.KeyStoreToken;
import org.templatevault.crypto.AuthenticationFailedException;
import org.templatevault.crypto.SecretBytes;
import org.templatevault.crypto.Suite;
import org.templatevault.crypto.WrappedKey;
import org.templatevault.testing.FaultyLibrary;
import org.templatevault.testing.SoftToken;

class RootKeyTokenTest {
    private static final byte[] AAD = "aad".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path directory;

    private final SecretBytes kek = SecretBytes.random(Suite.KEY_BYTES);
    private long now;
    private SoftToken soft;
    private RootKeyToken token;

    @BeforeEach
    void initialise() {
        String configuration = System.getenv(SoftToken.VARIABLE);
        Assumptions.assumeTrue(configuration != null, SoftToken.VARIABLE + " is not set");
        soft = SoftToken.create(Path.of(configuration), directory);
        token = opened(soft.settings());
    }

    @AfterEach
    void clear() {
        kek.close();
    }

    private RootKeyToken opened(KeyStoreToken settings) {
        return new RootKeyToken(settings, RootKeyToken.PATIENCE, () -> now);
    }

    private void pass(long seconds) {
        now += TimeUnit.SECONDS.toNanos(seconds);
    }

    private byte[] wrappedUnder(String alias) {
        token.generate(alias);
        return token.wrap(alias, kek, AAD);
    }

    private void unwraps(RootKeyToken from, String alias, byte[] wrapped) {
        try (SecretBytes back = from.unwrap(alias, wrapped, AAD)) {
            assertArrayEquals(kek.reveal(), back.reveal());
        }
    }

    private void refuses(String sentence, Executable use) {
        String message = assertThrows(KeyStoreUnavailableException.class, use).getMessage();
        assertTrue(String.valueOf(message).startsWith(sentence), message);
        assertFalse(String.valueOf(message).contains(SoftToken.PIN), message);
    }

    @Test
    void unwrapsWhatARootKeyWrappedAndNothingElse() {
        byte[] wrapped = wrappedUnder("root-1");
        token.generate("root-2");
        unwraps(token, "root-1", wrapped);
        unwraps(opened(soft.settings()), "root-1", wrapped);
        assertThrows(AuthenticationFailedException.class, () -> token.unwrap("root-2", wrapped, AAD));
        assertThrows(AuthenticationFailedException.class, () -> token.unwrap("root-1", wrapped, new byte[1]));
        refuses("VAULT_PKCS11_TOKEN: ", () -> token.unwrap("root-3", wrapped, AAD));
        assertEquals(Set.of("root-1", "root-2"), token.aliases());
    }

    @Test
    void writesTheBytesThatTheFileWrites() {
        byte[] wrapped = wrappedUnder("root-1");
        assertEquals(WrappedKey.OVERHEAD_BYTES + Suite.KEY_BYTES, wrapped.length);
        assertEquals(WrappedKey.FORMAT_VERSION, wrapped[0]);
        assertEquals(Suite.AES_256_GCM.code(), wrapped[1]);
        assertFalse(Arrays.equals(wrapped, token.wrap("root-1", kek, AAD)), "a nonce came twice");
    }

    @Test
    void refusesOneFlippedBitInEveryByte() {
        byte[] wrapped = wrappedUnder("root-1");
        for (int i = 0; i < wrapped.length; i++) {
            byte[] flipped = wrapped.clone();
            flipped[i] ^= 0x10;
            assertThrows(AuthenticationFailedException.class, () -> token.unwrap("root-1", flipped, AAD), "byte " + i);
        }
        for (int length : new int[] {0, 1, 2, 14, 30, wrapped.length - 1, wrapped.length + 1}) {
            byte[] cut = Arrays.copyOf(wrapped, length);
            assertThrows(AuthenticationFailedException.class, () -> token.unwrap("root-1", cut, AAD));
        }
        unwraps(token, "root-1", wrapped);
    }

    @Test
    void makesOneKeyThatCannotBeReadOut() throws GeneralSecurityException, IOException {
        token.generate("root-1");
        assertEquals(1, soft.objects(), "a copy without an alias would outlive the deletion");
        try (TokenSession session = TokenSession.open(soft.settings(), "", true, () -> {})) {
            Key key = session.key("root-1").orElseThrow();
            assertNull(key.getEncoded());
            assertTrue(key.toString().contains("token object, sensitive, unextractable"), key::toString);
        }
    }

    @Test
    void deletesForGood() throws GeneralSecurityException, IOException {
        byte[] wrapped = wrappedUnder("root-1");
        token.generate("root-2");
        try (TokenSession session = TokenSession.open(soft.settings(), "", true, () -> {})) {
            Key handle = session.key("root-1").orElseThrow();
            session.delete("root-1");
            assertThrows(
                    GeneralSecurityException.class, () -> WrappedKey.wrapInside(session.provider(), handle, kek, AAD));
        }
        token.delete("root-1");
        token.delete("root-2");
        token.delete("never made");
        assertEquals(Set.of(), token.aliases());
        assertEquals(0, soft.objects());
        refuses("VAULT_PKCS11_TOKEN: ", () -> token.unwrap("root-1", wrapped, AAD));
    }

    @Test
    void neverReplacesAKey() {
        byte[] wrapped = wrappedUnder("root-1");
        refuses("VAULT_PKCS11_TOKEN: the alias root-1 is taken", () -> token.generate("root-1"));
        unwraps(token, "root-1", wrapped);
    }

    @Test
    void doesNotTryARefusedPinAgain() {
        KeyStoreToken right = soft.settings();
        RootKeyToken locked = opened(new KeyStoreToken(right.path(), right.label(), "another"));
        refuses("VAULT_PKCS11_PIN: the token refuses it (CKR_PIN_INCORRECT)", locked::aliases);
        soft.takeAway();
        pass(TimeUnit.DAYS.toSeconds(1));
        refuses("VAULT_PKCS11_PIN: ", () -> locked.generate("root-1"));
        assertFalse(locked.isReachable());
    }

    @Test
    void leavesTheLastTryOfAPinToAPerson() {
        FaultyLibrary library = FaultyLibrary.before(soft.settings().path(), directory);
        KeyStoreToken right = new KeyStoreToken(library.path(), SoftToken.LABEL, SoftToken.PIN);
        RootKeyToken known = opened(right);
        known.generate("root-1");
        for (int flag : new int[] {FaultyLibrary.USER_PIN_FINAL_TRY, FaultyLibrary.USER_PIN_LOCKED}) {
            library.addTokenFlags(flag);
            RootKeyToken fresh = opened(right);
            refuses("VAULT_PKCS11_PIN: not tried", fresh::aliases);
            assertEquals(Set.of("root-1"), known.aliases(), "a PIN that was accepted is right");
            library.addTokenFlags(0);
            pass(1);
            assertEquals(Set.of("root-1"), fresh.aliases());
        }
    }

    @Test
    void saysWhichFailuresMayPass() {
        assertFalse(assertThrows(KeyStoreUnavailableException.class, () -> token.unwrap("root-1", new byte[64], AAD))
                .isForNow());
        KeyStoreToken right = soft.settings();
        RootKeyToken locked = opened(new KeyStoreToken(right.path(), right.label(), "another"));
        for (int i = 0; i < 2; i++) {
            assertFalse(assertThrows(KeyStoreUnavailableException.class, locked::aliases)
                    .isForNow());
        }
        RootKeyToken nowhere =
                opened(new KeyStoreToken(directory.resolve("none.so").toString(), right.label(), right.pin()));
        assertFalse(assertThrows(KeyStoreUnavailableException.class, nowhere::aliases)
                .isForNow());
        FaultyLibrary library = FaultyLibrary.before(right.path(), directory);
        RootKeyToken vague = opened(new KeyStoreToken(library.path(), right.label(), right.pin()));
        library.fail(FaultyLibrary.Function.C_Login, 0x05, false); // CKR_GENERAL_ERROR
        for (int i = 0; i < 2; i++) {
            assertFalse(
                    assertThrows(KeyStoreUnavailableException.class, vague::aliases)
                            .isForNow(),
                    "it may be the PIN");
        }
        soft.takeAway();
        for (int i = 0; i < 2; i++) {
            assertTrue(assertThrows(KeyStoreUnavailableException.class, token::aliases)
                    .isForNow());
        }
    }

    private boolean mayPass(Executable use) {
        return assertThrows(KeyStoreUnavailableException.class, use).isForNow();
    }

    /** As by whoever changes it while a node starts: another start would be one more wrong try. */
    @Test
    void saysThatAPinWhichIsRefusedLaterWillNotBeRightByItself() {
        FaultyLibrary library = FaultyLibrary.before(soft.settings().path(), directory);
        RootKeyToken changed = opened(new KeyStoreToken(library.path(), SoftToken.LABEL, SoftToken.PIN));
        changed.generate("root-1");
        library.fail(FaultyLibrary.Function.C_Login, 0xA0, false); // CKR_PIN_INCORRECT
        assertFalse(mayPass(changed::aliases));
        library.mend();
        pass(TimeUnit.DAYS.toSeconds(1));
        assertFalse(mayPass(changed::aliases), "it is not tried again");
    }

    /** Each start makes a root key before it finds that out. */
    @Test
    void saysThatATokenWhichCannotWrapWillNotLearnIt() {
        FaultyLibrary library = FaultyLibrary.before(soft.settings().path(), directory);
        RootKeyToken unable = opened(new KeyStoreToken(library.path(), SoftToken.LABEL, SoftToken.PIN));
        unable.generate("root-1");
        library.fail(FaultyLibrary.Function.C_EncryptInit, 0x70, false); // CKR_MECHANISM_INVALID
        assertFalse(mayPass(() -> unable.wrap("root-1", kek, AAD)));
        pass(1);
        library.fail(FaultyLibrary.Function.C_EncryptInit, 0x32, false); // CKR_DEVICE_REMOVED
        assertTrue(mayPass(() -> unable.wrap("root-1", kek, AAD)));
    }

    /** It may be refused when whoever asked has gone, and a start that is worth another would be one more wrong try. */
    @Test
    void saysThatALoginWhichDoesNotReturnLeavesThePinInDoubt() throws InterruptedException {
        FaultyLibrary library = FaultyLibrary.before(soft.settings().path(), directory);
        for (var function : List.of(FaultyLibrary.Function.C_GetSlotList, FaultyLibrary.Function.C_Login)) {
            RootKeyToken slow = new RootKeyToken(
                    new KeyStoreToken(library.path(), SoftToken.LABEL, SoftToken.PIN),
                    Duration.ofMillis(300),
                    () -> now);
            library.hang(function);
            boolean beforeThePin = function == FaultyLibrary.Function.C_GetSlotList;
            for (int i = 0; i < 2; i++) {
                assertEquals(beforeThePin, mayPass(slow::aliases));
            }
            library.goOn();
            while (!slow.isReachable()) {
                Thread.sleep(20);
                pass(60);
                try {
                    slow.aliases();
                } catch (KeyStoreUnavailableException stillBusy) {
                    assertTrue(String.valueOf(stillBusy.getMessage()).startsWith("VAULT_PKCS11_LIBRARY: "));
                }
            }
        }
    }

    /** It may be wrong, and whoever asked has said that another start is worth a try. */
    @Test
    void triesNoPinForACallThatNobodyWaitsForAnyMore() throws InterruptedException {
        FaultyLibrary library = FaultyLibrary.before(soft.settings().path(), directory);
        RootKeyToken slow = new RootKeyToken(
                new KeyStoreToken(library.path(), SoftToken.LABEL, SoftToken.PIN), Duration.ofMillis(300), () -> now);
        library.hang(FaultyLibrary.Function.C_GetSlotList);
        assertTrue(mayPass(slow::aliases));
        long calls = library.calls();
        library.hang(FaultyLibrary.Function.C_Login);
        Thread.sleep(700);
        assertEquals(calls, library.calls(), "what hung went on and did not log in");
        library.goOn();
        pass(2);
        assertEquals(Set.of(), slow.aliases());
    }

    /** A token may say no more than that something has failed. */
    @Test
    void doesNotTakeAPinForRightWhoseLastLoginFailed() {
        FaultyLibrary library = FaultyLibrary.before(soft.settings().path(), directory);
        RootKeyToken known = opened(new KeyStoreToken(library.path(), SoftToken.LABEL, SoftToken.PIN));
        known.generate("root-1");
        library.fail(FaultyLibrary.Function.C_Login, 0x05, false); // CKR_GENERAL_ERROR
        refuses("VAULT_PKCS11_TOKEN: ", known::aliases);
        library.mend();
        library.addTokenFlags(FaultyLibrary.USER_PIN_FINAL_TRY);
        pass(1);
        refuses("VAULT_PKCS11_PIN: not tried", known::aliases);
        library.addTokenFlags(0);
        pass(2);
        assertEquals(Set.of("root-1"), known.aliases());
    }

    @Test
    void goesOnByItselfAfterTheTokenWasAway() {
        byte[] wrapped = wrappedUnder("root-1");
        soft.takeAway();
        refuses("VAULT_PKCS11_TOKEN: no token is labelled", () -> token.unwrap("root-1", wrapped, AAD));
        assertFalse(token.isReachable());
        pass(1);
        refuses("VAULT_PKCS11_TOKEN: no token is labelled", () -> token.generate("root-2"));
        pass(2);
        refuses("VAULT_PKCS11_TOKEN: no token is labelled", () -> token.delete("root-1"));
        soft.bringBack();
        pass(3);
        refuses("VAULT_PKCS11_TOKEN: no token is labelled", token::aliases);
        pass(1);
        unwraps(token, "root-1", wrapped);
        assertTrue(token.isReachable());
        token.generate("root-2");
    }

    @Test
    void letsNobodyInWhileACallDoesNotReturnAndGoesOnWhenItHas() throws InterruptedException {
        FaultyLibrary library = FaultyLibrary.before(soft.settings().path(), directory);
        RootKeyToken slow = new RootKeyToken(
                new KeyStoreToken(library.path(), SoftToken.LABEL, SoftToken.PIN), Duration.ofMillis(300), () -> now);
        slow.generate("root-1");
        byte[] wrapped = slow.wrap("root-1", kek, AAD);
        library.hang();
        String sentence = "VAULT_PKCS11_LIBRARY: a call to " + SoftToken.LABEL + " does not return";
        refuses(sentence, () -> slow.unwrap("root-1", wrapped, AAD));
        assertFalse(slow.isReachable());
        pass(TimeUnit.DAYS.toSeconds(1));
        long from = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            refuses(sentence, slow::aliases);
        }
        assertTrue(System.nanoTime() - from < TimeUnit.SECONDS.toNanos(1), "they waited");
        assertEquals(1, library.calls());
        assertEquals(
                1,
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("vault-token"))
                        .count());
        library.goOn();
        while (!slow.isReachable()) {
            Thread.sleep(20);
            try {
                unwraps(slow, "root-1", wrapped);
            } catch (KeyStoreUnavailableException stillBusy) {
                refuses(sentence, () -> {
                    throw stillBusy;
                });
            }
        }
        assertEquals(1, library.calls());
    }

    /** The slots' order changes with every token that comes or goes. */
    @Test
    void findsItsTokenAmongOthersByTheLabel() {
        byte[] wrapped = wrappedUnder("root-1");
        for (int i = 0; i < 5; i++) {
            soft.add("stranger " + i);
            unwraps(token, "root-1", wrapped);
        }
        soft.add(SoftToken.LABEL);
        refuses("VAULT_PKCS11_TOKEN: 2 tokens are labelled", () -> token.generate("root-2"));
    }

    @Test
    void namesALibraryThatIsNone() throws IOException {
        Path text = Files.writeString(directory.resolve("not-a-library.so"), "text");
        for (Path library : new Path[] {text, directory.resolve("absent.so")}) {
            RootKeyToken broken = opened(new KeyStoreToken(library.toString(), SoftToken.LABEL, SoftToken.PIN));
            refuses("VAULT_PKCS11_LIBRARY: cannot use " + library, broken::aliases);
        }
    }

    @Test
    void leavesNothingOpenAfterItsUses() {
        byte[] wrapped = wrappedUnder("root-1");
        unwraps(token, "root-1", wrapped);
        int threads = Thread.activeCount();
        for (int i = 0; i < 100; i++) {
            unwraps(token, "root-1", wrapped);
        }
        assertTrue(Thread.activeCount() <= threads, () -> "threads: " + Thread.activeCount());
    }

    @Test
    void isReadByAFreshProcess() throws IOException, InterruptedException {
        byte[] wrapped = wrappedUnder("root-1");
        KeyStoreToken settings = soft.settings();
        Process reader = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "--add-opens=jdk.crypto.cryptoki/sun.security.pkcs11.wrapper=ALL-UNNAMED",
                        RootKeyTokenReader.class.getName(),
                        settings.path(),
                        settings.label(),
                        settings.pin(),
                        "root-1",
                        HexFormat.of().formatHex(wrapped),
                        new String(AAD, StandardCharsets.US_ASCII))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String read = new String(reader.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertEquals(0, reader.waitFor());
        assertEquals(HexFormat.of().formatHex(kek.reveal()), read.trim());
    }
}

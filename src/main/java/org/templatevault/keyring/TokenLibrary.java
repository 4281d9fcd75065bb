package org.templatevault.keyring;

import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.security.Provider;
import java.security.ProviderException;
import java.security.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A PKCS#11 library, initialised for as long as this is open. Its state is the process's, so one is open at a time.
 *
 * <p>The JDK's provider initialises a library once and never again, so that a token which was away may stay dead, and it
 * finds a slot by number only. Hence four functions are called past it, in the JDK's own wrapper of the library.
 */
final class TokenLibrary implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(TokenLibrary.class.getName());
    private static final String OPTION = "--add-opens=jdk.crypto.cryptoki/sun.security.pkcs11.wrapper=ALL-UNNAMED";
    private static final String WRAPPER = "sun.security.pkcs11.wrapper.";
    private static final long CKF_OS_LOCKING_OK = 2;

    private static final long CKF_USER_PIN_FINAL_TRY = 0x20000;
    private static final long CKF_USER_PIN_LOCKED = 0x40000;

    private final Object functions;

    /** A slot with a token in it, and the flags of CK_TOKEN_INFO (PKCS #11 2.40, section 3.2). */
    record Slot(long number, String label, long flags) {
        /** Whether the token takes no wrong PIN any more, but it may be one. */
        boolean isNextPinTheLast() {
            return (flags & (CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)) != 0;
        }
    }

    private TokenLibrary(Object functions) {
        this.functions = functions;
    }

    /** @throws ProviderException if the library cannot be loaded or initialised */
    static TokenLibrary open(String path) {
        try {
            Class<?> arguments = wrapperType("CK_C_INITIALIZE_ARGS");
            Object locking = arguments.getConstructor().newInstance();
            arguments.getField("flags").setLong(locking, CKF_OS_LOCKING_OK);
            Object functions = wrapperType("PKCS11")
                    .getMethod("getInstance", String.class, String.class, arguments, boolean.class)
                    .invoke(null, path, "C_GetFunctionList", locking, true);
            TokenLibrary library = new TokenLibrary(functions);
            library.initialize(locking);
            return library;
        } catch (InvocationTargetException | ProviderException e) {
            String words = "VAULT_PKCS11_LIBRARY: cannot use " + path;
            throw isReported(e)
                    ? new TokenAwayException(words + " (" + errorCode(e).orElse("a code of its maker's") + ')', e)
                    : new ProviderException(words + " (not a PKCS#11 library)", e);
        } catch (ReflectiveOperationException e) {
            throw closed(e);
        }
    }

    private void initialize(Object arguments) {
        try {
            call("C_Initialize", Object.class, arguments);
        } catch (ProviderException e) {
            if (!errorCode(e).equals(Optional.of("CKR_CRYPTOKI_ALREADY_INITIALIZED"))) {
                throw e;
            }
            close();
            call("C_Initialize", Object.class, arguments);
        }
    }

    /** The slots with a token of this label. */
    List<Slot> slotsOf(String label) {
        List<Slot> slots = new ArrayList<>();
        for (long slot : (long[]) Objects.requireNonNull(call("C_GetSlotList", boolean.class, true))) {
            look(slot).filter(found -> found.label.equals(label)).ifPresent(slots::add);
        }
        return slots;
    }

    /** Nothing where the slot does not answer: it is not the one that is looked for, or has the fault itself. */
    private Optional<Slot> look(long slot) {
        try {
            Object facts = Objects.requireNonNull(call("C_GetTokenInfo", long.class, slot));
            char[] padded = (char[]) facts.getClass().getField("label").get(facts);
            long flags = facts.getClass().getField("flags").getLong(facts);
            return Optional.of(new Slot(slot, String.valueOf(padded).stripTrailing(), flags));
        } catch (ProviderException e) {
            return Optional.empty();
        } catch (ReflectiveOperationException e) {
            throw closed(e);
        }
    }

    /** This library's provider for one slot; {@code options} are lines of the provider's configuration. */
    Provider provider(String path, long slot, String options) {
        Provider unconfigured = Security.getProvider("SunPKCS11");
        if (unconfigured == null) {
            throw new IllegalStateException("this Java runtime has no SunPKCS11 provider");
        }
        return unconfigured.configure("--name=vault\nlibrary=\"" + path + "\"\nslot=" + slot + '\n' + options);
    }

    /** Logs out and forgets every session. A library that fails here is put right by the next initialisation. */
    @Override
    public void close() {
        try {
            call("C_Finalize", Object.class, null);
        } catch (ProviderException e) {
            LOG.log(System.Logger.Level.DEBUG, "The library did not end", e);
        }
    }

    private static boolean isReported(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t.getClass().getName().equals(WRAPPER + "PKCS11Exception")) {
                return true;
            }
        }
        return false;
    }

    /** What a library reported, such as {@code CKR_PIN_INCORRECT}, however deep it stands. */
    static Optional<String> errorCode(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            String message = t.getMessage();
            if (message != null && message.startsWith("CKR_")) {
                return Optional.of(message);
            }
        }
        return Optional.empty();
    }

    private @Nullable Object call(String function, Class<?> type, @Nullable Object argument) {
        try {
            Method method = functions.getClass().getDeclaredMethod(function, type);
            method.setAccessible(true);
            return method.invoke(functions, argument);
        } catch (InvocationTargetException e) {
            throw new ProviderException(e.getCause());
        } catch (ReflectiveOperationException | InaccessibleObjectException e) {
            throw closed(e);
        }
    }

    private static Class<?> wrapperType(String name) throws ClassNotFoundException {
        return Class.forName(WRAPPER + name, true, ClassLoader.getPlatformClassLoader());
    }

    private static IllegalStateException closed(Exception cause) {
        return new IllegalStateException("a PKCS#11 token needs the JVM option " + OPTION, cause);
    }
}

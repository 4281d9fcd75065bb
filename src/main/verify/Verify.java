import java.io.BufferedReader;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Verifies an exported audit trail of a Template Vault without the vault and without any library:
 *
 * <pre>java Verify.java export.ndjson public.pem [checkpoints.ndjson]</pre>
 *
 * <p>Prints one line for each thing that is not as it was sealed, then a summary. Exit code 0: intact; 1: something was
 * found; 2: the files cannot be read, the export is incomplete, or there is no checkpoint in their file. Keeps one block, and a hash for each checkpoint, in
 * memory, however long the export is.
 *
 * <p>What it checks: that the export has its end, block numbers from 1 without a gap, each block's Ed25519 signature
 * (RFC 8032), the hash of the block before it, the Merkle root over its entries (RFC 9162, section 2.1.1), the sums of the
 * template rows that the entries tell of, and that every checkpoint kept elsewhere is still in the chain. The keys are in
 * the order of their making, as the vault gives them: no block is signed by an older one than a block before it.
 */
public final class Verify {
    private static final int BUCKETS = 64;
    /** No block has more entries. */
    private static final int MOST_ENTRIES = 5000;

    private static final BigInteger MODULUS = BigInteger.ONE.shiftLeft(256);

    private final List<PublicKey> keys;
    /** The hashes of the blocks that checkpoints tell. */
    private final Map<Long, byte[]> checkpoints = new TreeMap<>();
    /** The blocks of those that none of the keys has signed, by the vault that they name. */
    private final Map<String, Set<Long>> unsigned = new TreeMap<>();

    private final BigInteger[] sums = new BigInteger[BUCKETS];
    private long findings;
    private long blocks;
    private long entries;
    private long waiting;
    private long compared;
    private long number = -1;
    private String vault = "";
    private byte[] hash = new byte[32];
    /** The place of the newest key that has signed a block so far. */
    private int newestKey;
    private boolean sumsKnown;
    private Map<String, Object> block;
    private boolean damaged;
    private final List<Member> members = new ArrayList<>();
    private final Set<String> pruned = new TreeSet<>();
    /** Of the pruned months, those that have blocks without entries, and those that have blocks with some. */
    private final Map<String, Long> emptied = new TreeMap<>();

    private final Set<String> kept = new TreeSet<>();
    private String newest = "";
    private final Map<String, String> heads = new TreeMap<>();

    /** An entry's place in the open block; no line where the entry itself is gone. */
    private record Member(long position, String entry, String leaf, String line) {}

    private Verify(List<PublicKey> keys) {
        this.keys = keys;
        Arrays.fill(sums, BigInteger.ZERO);
    }

    public static void main(String[] arguments) {
        if (arguments.length < 2 || arguments.length > 3) {
            System.err.println("usage: java Verify.java export.ndjson public.pem [checkpoints.ndjson]");
            System.exit(2);
        }
        try {
            List<PublicKey> keys = keys(Files.readString(Path.of(arguments[1])));
            Verify verify = new Verify(keys);
            if (arguments.length == 3) {
                verify.readCheckpoints(Path.of(arguments[2]));
                if (verify.compared == 0) {
                    System.exit(incomplete("there is no checkpoint in " + arguments[2] + " that one of the keys has signed"));
                }
            }
            System.exit(verify.run(Path.of(arguments[0])));
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            System.err.println("cannot verify: " + e);
            System.exit(2);
        }
    }

    private static List<PublicKey> keys(String pem) throws GeneralSecurityException {
        List<PublicKey> keys = new ArrayList<>();
        Matcher matcher = Pattern.compile("-----BEGIN PUBLIC KEY-----([^-]+)-----END PUBLIC KEY-----").matcher(pem);
        while (matcher.find()) {
            byte[] encoded = Base64.getMimeDecoder().decode(matcher.group(1));
            keys.add(KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
        }
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("no public key in the PEM file");
        }
        return keys;
    }

    private void readCheckpoints(Path file) throws IOException, GeneralSecurityException {
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                try {
                    readCheckpoint(Json.object(text));
                } catch (IllegalArgumentException | ClassCastException | NullPointerException notACheckpoint) {
                    System.out.println("ignored: a line that is no checkpoint");
                }
            }
        }
    }

    private void readCheckpoint(Map<String, Object> json) throws GeneralSecurityException {
        String line = (String) json.get("line");
        if (signedBy(line, (String) json.get("signature")) < 0) {
            System.out.println("ignored: a checkpoint that none of the keys has signed");
            Map<String, Object> named = Json.object(line);
            unsigned.computeIfAbsent(String.valueOf(named.get("vault")), first -> new TreeSet<>())
                    .add((Long) named.get("block"));
            return;
        }
        long told = (Long) Json.object(line).get("block");
        compared++;
        byte[] first = checkpoints.putIfAbsent(told, hash(line));
        if (first != null && !Arrays.equals(first, hash(line))) {
            found("block-changed", "block " + told + " is in two checkpoints that differ");
        }
    }

    private static byte[] hash(String line) {
        return sha256(2, line.getBytes(StandardCharsets.UTF_8));
    }

    private int run(Path export) throws IOException, GeneralSecurityException {
        Map<String, Object> end = null;
        try (BufferedReader reader = Files.newBufferedReader(export)) {
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                if (end != null) {
                    throw new IllegalArgumentException("a line after the last");
                }
                Map<String, Object> json = Json.object(text);
                switch (String.valueOf(json.get("type"))) {
                    case "block" -> {
                        endBlock();
                        beginBlock((String) json.get("line"), (String) json.get("signature"));
                    }
                    case "entry" -> entry(json);
                    case "pruned" -> {
                        pruned.add((String) json.get("month"));
                        System.out.println("PRUNED: the entries of " + json.get("month") + " were dropped");
                    }
                    case "end" -> end = json;
                    default -> throw new IllegalArgumentException("a line that is neither block nor entry");
                }
            }
        }
        if (end == null) {
            return incomplete("it has no last line, so it broke off; or it is of a release that wrote none");
        }
        endBlock();
        for (long left : checkpoints.keySet()) {
            found(left > number ? "tail-cut" : "block-removed", "checkpoint of block " + left
                    + ", the export ends with block " + number);
        }
        for (long told : unsigned.getOrDefault(vault, Set.of())) {
            found("checkpoint-unsigned", "checkpoint of block " + told + ": are the keys those of its time?");
        }
        findEmptiedMonths();
        boolean all = ((Long) end.get("blocks")) == blocks && ((Long) end.get("entries")) == entries + waiting;
        if (findings == 0 && (!all || blocks == 0)) {
            return incomplete(all ? "there is no block in it" : "its last line tells of more or less than there is");
        }
        heads.forEach((month, head) -> System.out.println("head of " + month + ": " + head));
        System.out.println((findings == 0 ? "intact: " : findings + " findings: ") + blocks + " blocks, " + entries
                + " entries, " + waiting + " waiting for a block"
                + (compared == 0 ? "" : ", " + compared + " checkpoints compared")
                + (pruned.isEmpty() ? "" : "; given up, says the export: " + String.join(", ", pruned)));
        return findings == 0 ? 0 : 1;
    }

    /** A month is given up as a whole, and only when it is long over. */
    private void findEmptiedMonths() {
        emptied.forEach((month, count) -> {
            if (kept.contains(month)) {
                found("entry-removed", "all entries of " + count + " blocks of " + month + ", of which others have theirs");
            } else if (month.equals(newest)) {
                found("entry-removed", "all entries of " + month + ", which is not over");
            }
        });
    }

    private static int incomplete(String why) {
        System.out.println("incomplete: nothing is proven by this export: " + why);
        return 2;
    }

    private void found(String kind, String where) {
        findings++;
        damaged = true;
        System.out.println(kind + ": " + where);
    }

    private void beginBlock(String line, String signature) throws GeneralSecurityException {
        blocks++;
        damaged = false;
        block = Json.object(line);
        long next = (Long) block.get("block");
        boolean first = number < 0;
        long expected = first ? 1 : number + 1;
        if (next != expected) {
            found("block-removed", "blocks " + expected + " to " + (next - 1));
        }
        sumsKnown = next == expected && (first || sumsKnown);
        boolean follows = next != expected || Arrays.equals(hash, hex(block.get("previous")));
        int key = signedBy(line, signature);
        if (!follows || key < newestKey) {
            found("block-changed", "block " + next);
            sumsKnown = false;
        }
        newestKey = Math.max(newestKey, key);
        vault = String.valueOf(block.get("vault"));
        number = next;
        hash = hash(line);
        byte[] checkpoint = checkpoints.remove(next);
        if (checkpoint != null && !Arrays.equals(checkpoint, hash)) {
            found("block-changed", "block " + next + " is not the one of its checkpoint");
        }
        heads.put((String) block.get("month"), HexFormat.of().formatHex(hash));
        damaged = false;
    }

    /** The place of the key that has signed it; -1 if none has. */
    private int signedBy(String line, String signature) throws GeneralSecurityException {
        for (int i = keys.size() - 1; i >= 0; i--) {
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(keys.get(i));
            verifier.update(line.getBytes(StandardCharsets.UTF_8));
            try {
                if (verifier.verify(Base64.getDecoder().decode(signature))) {
                    return i;
                }
            } catch (GeneralSecurityException | IllegalArgumentException notASignature) {
                return -1;
            }
        }
        return -1;
    }

    private void entry(Map<String, Object> json) {
        String line = (String) json.get("line");
        Object place = json.get("block");
        if (place == null) {
            waiting++;
            return;
        }
        entries++;
        if (block == null || (Long) place != number) {
            found("entry-inserted", "entry " + json.get("entry") + " of block " + place + ", which is not there");
            return;
        }
        members.add(new Member(
                (Long) json.get("position"), String.valueOf(json.get("entry")), (String) json.get("leaf"), line));
    }

    private void endBlock() {
        if (block == null) {
            return;
        }
        newest = (String) block.get("month");
        if (pruned.contains(newest) && members.isEmpty()) {
            emptied.merge(newest, 1L, Long::sum);
            damaged = true;
            checkSums();
            block = null;
            return;
        }
        if (String.valueOf(block.get("sealedAt")).startsWith(newest)) { // not long after the month was given up
            kept.add(newest);
        }
        long expected = (Long) block.get("entries");
        Map<Long, Member> places = new HashMap<>();
        List<byte[]> leaves = new ArrayList<>();
        for (Member member : members) {
            boolean outside = member.position < 0 || member.position >= expected;
            if (outside || places.put(member.position, member) != null) {
                found("entry-inserted", where(member));
            } else {
                check(member);
                leaves.add(hex(member.leaf));
            }
        }
        for (long position = 0; position < Math.min(expected, MOST_ENTRIES); position++) {
            if (!places.containsKey(position)) {
                found("entry-removed", "block " + number + ", position " + position);
            }
        }
        if (!damaged && leaves.size() != expected) {
            found("block-entries-changed", "block " + number);
        }
        if (!damaged && !Arrays.equals(root(leaves), hex(block.get("root")))) {
            members.sort(Comparator.comparing(Verify::at).thenComparing(Member::entry));
            List<byte[]> sorted = members.stream().map(member -> hex(member.leaf)).toList();
            boolean same = Arrays.equals(root(sorted), hex(block.get("root")));
            found(same ? "entries-reordered" : "block-entries-changed", "block " + number);
        }
        checkSums();
        members.clear();
        block = null;
    }

    private void check(Member member) {
        if (member.line == null) {
            found("entry-removed", where(member));
        } else if (!Arrays.equals(sha256(0, member.line.getBytes(StandardCharsets.UTF_8)), hex(member.leaf))) {
            found("entry-changed", where(member));
        } else {
            Map<String, Object> json = Json.object(member.line);
            if (!member.entry.equals(json.get("id"))) {
                found("entry-changed", where(member));
            }
            fold(json.get("added"), BigInteger.ONE);
            fold(json.get("removed"), BigInteger.ONE.negate());
        }
    }

    private String where(Member member) {
        return "block " + number + ", position " + member.position + ", entry " + member.entry;
    }

    private static Instant at(Member member) {
        return Instant.parse(String.valueOf(Json.object(member.line).get("at")));
    }

    private void fold(Object elements, BigInteger sign) {
        if (elements instanceof List<?> list) {
            for (Object element : list) {
                Map<?, ?> json = (Map<?, ?>) element;
                int bucket = (int) (long) (Long) json.get("bucket");
                BigInteger value = new BigInteger(1, hex(json.get("element")));
                sums[bucket] = sums[bucket].add(value.multiply(sign)).mod(MODULUS);
            }
        }
    }

    private void checkSums() {
        sumsKnown = sumsKnown && !damaged;
        byte[] all = new byte[BUCKETS * 32];
        for (int i = 0; i < BUCKETS; i++) {
            byte[] sum = sums[i].toByteArray();
            int length = Math.min(32, sum.length);
            System.arraycopy(sum, sum.length - length, all, (i + 1) * 32 - length, length);
        }
        if (sumsKnown && !Arrays.equals(plainSha256(all), hex(block.get("state")))) {
            found("block-state-wrong", "block " + number);
            sumsKnown = false;
        }
        if (!sumsKnown && block.get("sums") != null) {
            byte[] given = hex(block.get("sums"));
            for (int i = 0; i < BUCKETS; i++) {
                sums[i] = new BigInteger(1, Arrays.copyOfRange(given, i * 32, (i + 1) * 32));
            }
            sumsKnown = true;
        }
    }

    private static byte[] root(List<byte[]> leaves) {
        if (leaves.isEmpty()) {
            return new byte[32];
        }
        if (leaves.size() == 1) {
            return leaves.get(0);
        }
        int left = Integer.highestOneBit(leaves.size() - 1);
        return sha256(1, root(leaves.subList(0, left)), root(leaves.subList(left, leaves.size())));
    }

    private static byte[] sha256(int kind, byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((byte) kind);
            for (byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] plainSha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] hex(Object text) {
        return HexFormat.of().parseHex(String.valueOf(text));
    }

    /** As much of JSON (RFC 8259) as the export has. */
    private static final class Json {
        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        @SuppressWarnings("unchecked")
        static Map<String, Object> object(String text) {
            try {
                Json json = new Json(text);
                Map<String, Object> object = (Map<String, Object>) json.value();
                if (json.at != text.length()) {
                    throw new IllegalArgumentException("something after the JSON");
                }
                return object;
            } catch (StringIndexOutOfBoundsException | ClassCastException e) {
                throw new IllegalArgumentException("not an object: " + e.getMessage());
            }
        }

        private Object value() {
            char c = text.charAt(at);
            if (c == '{') {
                Map<String, Object> object = new LinkedHashMap<>();
                for (at++; text.charAt(at) != '}'; skip(',')) {
                    String name = string();
                    expect(':');
                    object.put(name, value());
                }
                at++;
                return object;
            }
            if (c == '[') {
                List<Object> array = new ArrayList<>();
                for (at++; text.charAt(at) != ']'; skip(',')) {
                    array.add(value());
                }
                at++;
                return array;
            }
            return c == '"' ? string() : number();
        }

        private void skip(char c) {
            if (text.charAt(at) == c) {
                at++;
            }
        }

        private void expect(char c) {
            if (text.charAt(at++) != c) {
                throw new IllegalArgumentException("expected " + c);
            }
        }

        private Object number() {
            int from = at;
            while (at < text.length() && "-0123456789".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            return Long.valueOf(text.substring(from, at));
        }

        private String string() {
            StringBuilder out = new StringBuilder();
            expect('"');
            for (char c = text.charAt(at++); c != '"'; c = text.charAt(at++)) {
                if (c == '\\') {
                    char escaped = text.charAt(at++);
                    if (escaped == 'u') {
                        out.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                        at += 4;
                    } else {
                        out.append(escaped);
                    }
                } else {
                    out.append(c);
                }
            }
            return out.toString();
        }
    }
}

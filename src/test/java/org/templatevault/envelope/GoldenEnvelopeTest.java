package org.templatevault.envelope;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.templatevault.crypto.Suite;
import org.templatevault.testing.IsoTemplates;

/** Envelopes stored by format version 1. They must open for ever: a change that breaks one needs a new version. */
class GoldenEnvelopeTest {
    private static final String CHACHA20_POLY1305 = """
            01011ea712b649280253ccfb938fbd8a1635c580893bc34a75e61ec31c2b40ffe42a2ebb59cde01e97e01b2370bac4a3002d
            eeee082759b9d73a73ad06873b3cc8c0e479a002e63cf4fe80d076b2f5ac4dc07a07a2a98b194e79b2dde2bdf78ef8ffa304
            73be3111af24a6c3f449e8b714b6cff8583965dd95ae4b54c15b943b478bec7b01ac5b7cba4d1f2bc60c4374c5cbb2c73836
            ed803939538f2d88233f4874ce57dbff418a0cfbdda839f017acefcb9285442fc73ef02c214c5c93dfdb720afc361bfff36d
            315c17561ffddeb633de47df1a5aa9c1bd655f3fe00edd62b783f589f97f468f3841aba06d8431511826459ed04eb554809f
            06d4691e3f50f490c8a32e254bdbf327257afa9e67df9dff1021b89eb83fb313a8433d3dc03a40e627b76f3d79fd2b40830d
            16254706fac1fe404e82c29587abcf41af00e61c193925be2b57a3758a828d3876a7dcf34f746b9a5780965cff55a1218c5a
            17b6c0158b6f06d2ad6bf1ab67e7412fb2db0cafb81b01cc42e88bff5c680ec9be129c657b45673cbadf3d221680f86dcdf8
            092535e6c6f2807f5e46390534a8ee8643152ce2ecf3077206d87e8b3b62fda22dcb949d1b2a9ccf762ece8ef720c84e27c5
            571dc51aab97f64998b916549e5b3333cb896722ffc21c568c15d0938c1afec800dbab22a812df5a0572d2cafaf98200c75e
            e8611aafa82eda9fadce0e354b997622c72c470f9ec25816ee4a9a3b18bf1bf68782cdc08c8697547305
            """;

    private static final String AES_256_GCM = """
            010213209875440d8a5ce5ef95b47d45f7930df926b2958f3238e067c52aeff7d28daca52725198a1dfd3478a505febe8239
            5ccce7e6125e80c37c2c818db27392460c7bc242c9fd5a79b711be9277e1779ea85b4463aed82fb084ff4d4e05a1920784c4
            dbb2a3faa58b1525c9429f10d80b3131408c2bbfe8c363405a3a0a2de71aac161a1174489bf1a498297a697c03c5db1cd137
            e89f786f1521f9e50edbf2aad3cc0704ad78dfa7a4c8db1d38b1d75131a5e77be869e2a0495a256c29a69e447826fb825212
            343776dab2695abd5d5e8f4d315c6b3a2cb758958cd77f52214128fbc3ed3bfded3451743d4db7ca1be0d583c025376db51e
            f92fa69373d2bd0dbe030c6341f3b72e245517c3abab8dc1aa95a60651d6a4d317bfce0886b84da4b2e4b6e75b52c5b7a787
            53a32dd01805ab860e85e21abc4b2edb3fbab0f21d1f3bdf1319d960242e1d4b5e54b782e9416282104a7e44c49c9a2b1529
            dfb2e42aafa841a285820b54175650d14db7893d520fb80fe80ad9a391871e5372076192f6c8c5a224bf76a3bf3153a34b66
            938cba534b012122ecb400fed328f2ec684428402330ce6c7f980ccd6a1903ff6539133c75d9cab5e85c8eecec24612737aa
            60ecda53d0c98bb669c829a109964ce63ffda949fd3acda3bb143b305357c79ad9faa9c02c01240766107c007b5dcf25bb07
            e669b46b62147453f198884ee5aed48e14877039a5a830afb2c00975c838e3acdb3225d3ec5b9c434565
            """;

    /** 5,000 zeros, compressed, with attributes. */
    private static final String COMPRESSED = """
            0101db10af2b8afb62ef3587fa1747385566f0b9198fe45358981340192a6ebf883214fb0091153b55e74dfefaa29f82872b
            9a36eb3c6440bfc77705a1a22527a23dd12addfa8dd6d4ca2ba6aeff538513d2a96b5fa4d9186775249735433cdd346d851d
            91ef53da403eba0fb2abeb7af11670c40eb5f8f74e3abdfc1e718223256a20fa381bbfff341b7c70d6dc908fd1aa5c4053b3
            eb97648d959f073d24306b15ede9a808a98396efb81eeda76572b497b70800f61cd8e6a818e836a576de4a7f227ae4f40eed
            a095340813e34720d80dbf8ee8de9e8998c0e50f757108ef8bc9a9042be3e6b838329f3646191fdfa046177ee4632599eea1
            074fb633d6abbdba442ba90521fb3fd00416f033274c5cc6e8956b7c93087201de8331df176997660c4d95307c0c439d3b1e
            44453dbe420223007da9f882b5d05488916f53c711c8afc1f5893015098c9f84ff26dbe3b7919c274a6b0b703553b66e1f6f
            af51f9395c2bbff3bbfb72f0f95251b69684d20bba5b7a62404cbf7f7bbe85ab3bdef23e5e6f3cf9a0573de6c7ef6e5a5a19
            1a0752daf352f146fc4698084cd55d42183840ed06f1697d690f8db4dfabaa230ee350fa6e017c2c91d142b5831af9d626e9
            0bd359d831106a2041c058a9afff2a40fe39e5801ca06bb7984178914fc5eebb4b9374caeba7dee10da5ba66b9b15a9b5203
            37fe90f8fcf446e9ca6e390888666f3aa00193e0671ddb06ac5cffa5b30423207f9c4c222d5a4ec67e6e
            """;

    private static final String REFERENCE = """
            01015046781d30c40713a9ffcf00e935e1a5051e21e206badeea3c5a851d718d3e5a3e36002bc5387f7d04f11aa36f8f6a44
            9c3674ab53fc95d087a6949ab16fb87b29c359f4f1d82275216c4c4361597c21f19101413633fb44ff500f9c
            """;

    @Test
    void opensTheChaCha20Poly1305Envelope() {
        Payload payload = open(Golden.identity(Suite.CHACHA20_POLY1305), CHACHA20_POLY1305);
        assertArrayEquals(IsoTemplates.fingerprint(40, 1), payload.template());
        assertEquals("{\"a\":1}", new String(attributes(payload), StandardCharsets.UTF_8));
    }

    @Test
    void opensTheAesGcmEnvelope() {
        Payload payload = open(Golden.bareIdentity(Suite.AES_256_GCM), AES_256_GCM);
        assertArrayEquals(Golden.counting(300), payload.template());
        assertNull(payload.attributesJson());
    }

    @Test
    void opensTheCompressedEnvelope() {
        Payload payload = open(Golden.identity(Suite.CHACHA20_POLY1305), COMPRESSED);
        assertArrayEquals(new byte[5_000], payload.template());
        assertEquals("{}", new String(attributes(payload), StandardCharsets.UTF_8));
    }

    @Test
    void opensTheReference() {
        byte[] reference = SealedReference.open(
                Golden.dek(), Golden.VAULT, Golden.SUBJECT, 3, Suite.CHACHA20_POLY1305, bytes(REFERENCE));
        assertEquals("case-2026/17", new String(reference, StandardCharsets.UTF_8));
    }

    private static Payload open(TemplateIdentity identity, String golden) {
        return TemplateEnvelope.open(Golden.dek(), identity, bytes(golden));
    }

    private static byte[] attributes(Payload payload) {
        byte[] attributes = payload.attributesJson();
        return attributes == null ? new byte[0] : attributes;
    }

    private static byte[] bytes(String golden) {
        return HexFormat.of().parseHex(golden.replace("\n", ""));
    }
}

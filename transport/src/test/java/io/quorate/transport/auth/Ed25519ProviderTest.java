package io.quorate.transport.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.junit.jupiter.api.Test;

/** Every provider gives the same verdict on the same bytes, crafted ones included. */
class Ed25519ProviderTest {
    private static final byte[] MESSAGE = "the group agrees".getBytes();

    private final byte[] seed = seed(11);
    private final byte[] publicKey = publicKey(seed);
    private final BigInteger secret = EdwardsPoint.scalar(seed);

    static List<Ed25519Provider> providers() {
        final List<Ed25519Provider> providers = new ArrayList<>();
        providers.add(Ed25519Provider.bouncyCastle());
        Ed25519Provider.corretto().ifPresent(providers::add);
        return providers;
    }

    /** RFC 8032, section 7.1, tests 1 and 3. */
    @Test
    void shouldMakeTheSignaturesOfTheRfc() {
        final String[][] vectors = {
            {
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                        + "d25bf5f0595bbe24655141438e7a100b"
            },
            {
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                        + "4a7c15e9716ed28dc027beceea1ec40a"
            }
        };
        for (final Ed25519Provider provider : providers()) {
            for (final String[] vector : vectors) {
                final byte[] key = HexFormat.of().parseHex(vector[0]);
                final byte[] message = HexFormat.of().parseHex(vector[1]);
                final byte[] signature = provider.signingKey(key).sign(message);
                assertThat(HexFormat.of().formatHex(signature)).isEqualTo(vector[2]);
                assertThat(provider.verifyingKey(publicKey(key)).verify(message, signature))
                        .isTrue();
            }
        }
    }

    @Test
    void shouldVerifyEachOthersSignatures() {
        for (int run = 0; run < 20; run++) {
            final byte[] someSeed = seed(run);
            for (final Ed25519Provider signer : providers()) {
                final byte[] signature = signer.signingKey(someSeed).sign(MESSAGE);
                assertVerdict(true, publicKey(someSeed), signature, "signed by " + signer.providerName());
            }
        }
    }

    @Test
    void shouldGoOnAfterABadSignature() {
        final byte[] good = Ed25519Provider.bouncyCastle().signingKey(seed).sign(MESSAGE);
        final Random random = new Random(4);
        for (final Ed25519Provider provider : providers()) {
            final Ed25519Provider.VerifyingKey key = provider.verifyingKey(publicKey);
            for (int i = 0; i < 200; i++) {
                final byte[] bad = good.clone();
                bad[random.nextInt(64)] ^= (byte) (1 << random.nextInt(8));
                assertThat(key.verify(MESSAGE, bad)).isFalse();
                assertThat(key.verify(MESSAGE, good))
                        .as(provider.providerName())
                        .isTrue();
                assertThat(key.verify(new byte[i], good)).isFalse();
            }
        }
    }

    @Test
    void shouldRefuseEveryFlippedBit() {
        final byte[] good = Ed25519Provider.bouncyCastle().signingKey(seed).sign(MESSAGE);
        for (int bit = 0; bit < good.length * 8; bit++) {
            final byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << (bit % 8));
            assertVerdict(false, publicKey, bad, "bit " + bit);
        }
    }

    @Test
    void shouldRefuseASecondFormOfS() {
        final byte[] good = Ed25519Provider.bouncyCastle().signingKey(seed).sign(MESSAGE);
        BigInteger s = EdwardsPoint.number(Arrays.copyOfRange(good, 32, 64));
        for (int times = 1; times <= 8; times++) {
            s = s.add(EdwardsPoint.L);
            if (s.bitLength() <= 256) {
                final byte[] bad = good.clone();
                System.arraycopy(EdwardsPoint.bytes(s), 0, bad, 32, 32);
                assertVerdict(false, publicKey, bad, "S + " + times + " L");
            }
        }
    }

    @Test
    void shouldRefuseTorsionInR() {
        int accepted = 0;
        for (int run = 0; run < 40; run++) {
            final BigInteger r = new BigInteger(250, new Random(run));
            final EdwardsPoint honest = EdwardsPoint.BASE.times(r);
            accepted += assertVerdict(
                    true, publicKey, EdwardsPoint.sign(publicKey, secret, r, honest.encode(), MESSAGE), "run " + run);
            for (int order = 1; order < 8; order++) {
                final EdwardsPoint crooked = honest.plus(EdwardsPoint.TORSION.times(BigInteger.valueOf(order)));
                final byte[] signature = EdwardsPoint.sign(publicKey, secret, r, crooked.encode(), MESSAGE);
                assertVerdict(false, publicKey, signature, "run " + run + ", torsion " + order);
            }
        }
        assertThat(accepted)
                .as("the crafted signatures without torsion are right")
                .isEqualTo(40);
    }

    @Test
    void shouldRefuseRsOfSmallOrderAndOtherEncodings() {
        for (int order = 0; order < 8; order++) {
            final EdwardsPoint small = EdwardsPoint.TORSION.times(BigInteger.valueOf(order));
            final byte[] signature = EdwardsPoint.sign(publicKey, secret, BigInteger.ZERO, small.encode(), MESSAGE);
            assertVerdict(false, publicKey, signature, "R of small order " + order);
        }
        final byte[] nonCanonicalNeutral = EdwardsPoint.bytes(EdwardsPoint.P.add(BigInteger.ONE));
        assertVerdict(
                false,
                publicKey,
                EdwardsPoint.sign(publicKey, secret, BigInteger.ZERO, nonCanonicalNeutral, MESSAGE),
                "y = p + 1");
        final byte[] minusZero = EdwardsPoint.NEUTRAL.encode();
        minusZero[31] |= (byte) 0x80;
        assertVerdict(
                false, publicKey, EdwardsPoint.sign(publicKey, secret, BigInteger.ZERO, minusZero, MESSAGE), "x = -0");
        assertVerdict(false, publicKey, new byte[64], "all zero");
        assertVerdict(false, publicKey, new byte[63], "too short");
        assertVerdict(false, publicKey, new byte[65], "too long");
        assertVerdict(false, publicKey, new byte[0], "empty");
    }

    @Test
    void shouldRefuseKeysWithTorsion() {
        final EdwardsPoint key = EdwardsPoint.BASE.times(secret);
        assertThat(key.encode()).isEqualTo(publicKey);
        for (int order = 0; order < 8; order++) {
            final EdwardsPoint torsion = EdwardsPoint.TORSION.times(BigInteger.valueOf(order));
            assertThat(Ed25519Encoding.isSound(torsion.encode())).isFalse();
            assertThat(Ed25519Encoding.isSound(key.plus(torsion).encode())).isEqualTo(order == 0);
        }
        for (final Ed25519Provider provider : providers()) {
            assertThatThrownBy(() ->
                            provider.verifyingKey(key.plus(EdwardsPoint.TORSION).encode()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldBindSignaturesToDomainGroupEpochAndContent() {
        final List<PeerIdentity> identities = Samples.identities(3);
        final Roster roster = Samples.roster(identities, 1);
        final UnsafeBuffer content = new UnsafeBuffer(new byte[100]);
        final UnsafeBuffer signature = new UnsafeBuffer(new byte[70]);
        for (final Ed25519Provider provider : providers()) {
            new Ed25519Signer(provider, identities.get(1), roster)
                    .sign(SigningDomain.RESULT, content, 10, 50, signature, 5);
            final Ed25519Verifier verifier = new Ed25519Verifier(provider, roster);
            assertThat(verifier.verify(1, SigningDomain.RESULT, content, 10, 50, signature, 5))
                    .isTrue();
            assertThat(verifier.verify(1, SigningDomain.REQUEST, content, 10, 50, signature, 5))
                    .isFalse();
            assertThat(verifier.verify(0, SigningDomain.RESULT, content, 10, 50, signature, 5))
                    .isFalse();
            assertThat(verifier.verify(3, SigningDomain.RESULT, content, 10, 50, signature, 5))
                    .isFalse();
            assertThat(verifier.verify(-1, SigningDomain.RESULT, content, 10, 50, signature, 5))
                    .isFalse();
            assertThat(verifier.verify(1, SigningDomain.RESULT, content, 10, 49, signature, 5))
                    .isFalse();
            final Ed25519Verifier otherGroup = new Ed25519Verifier(provider, Samples.roster(identities, 2));
            assertThat(otherGroup.verify(1, SigningDomain.RESULT, content, 10, 50, signature, 5))
                    .isFalse();
        }
    }

    @Test
    void shouldNameTheProviderItChose() {
        assertThat(Ed25519Provider.choose().providerName())
                .isIn(providers().stream().map(Ed25519Provider::providerName).toList());
        assertThat(Ed25519Provider.choose().providerName()).doesNotContain("Sun");
    }

    /** Asserts that all providers agree; returns 1 for a valid signature. */
    private static int assertVerdict(
            final boolean expected, final byte[] key, final byte[] signature, final String what) {
        for (final Ed25519Provider provider : providers()) {
            assertThat(provider.verifyingKey(key).verify(MESSAGE, signature))
                    .as(provider.providerName() + ": " + what)
                    .isEqualTo(expected);
        }
        return expected ? 1 : 0;
    }

    private static byte[] seed(final long number) {
        final byte[] seed = new byte[32];
        Samples.random(number).nextBytes(seed);
        return seed;
    }

    private static byte[] publicKey(final byte[] seed) {
        final byte[] key = new byte[32];
        Ed25519.generatePublicKey(seed, 0, key, 0);
        return key;
    }
}

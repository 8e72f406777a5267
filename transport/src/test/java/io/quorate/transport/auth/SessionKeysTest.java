package io.quorate.transport.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.Authenticator;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.agrona.concurrent.UnsafeBuffer;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.generators.HKDFBytesGenerator;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.modes.GCMModeCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.HKDFParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SessionKeysTest {
    /** RFC 4231, test cases 1, 2 and 4, first sixteen bytes. */
    @ParameterizedTest
    @CsvSource({
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b, 4869205468657265, b0344c61d8db38535ca8afceaf0bf12b",
        "4a656665, 7768617420646f2079612077616e7420666f72206e6f7468696e673f, 5bdcc146bf60754e6a042426089575c7",
        "0102030405060708090a0b0c0d0e0f10111213141516171819,"
                + "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd,"
                + "82558a389a443c0ea4cc819899f2083a",
    })
    void shouldBeHmacSha256(final String key, final String message, final String expected) {
        final byte[] bytes = HexFormat.of().parseHex(message);
        final UnsafeBuffer tag = new UnsafeBuffer(new byte[SessionKeys.TAG_LENGTH]);
        new SessionKeys(HexFormat.of().parseHex(key), 1, 0).tag(new UnsafeBuffer(bytes), 0, bytes.length, tag, 0);
        assertThat(HexFormat.of().formatHex(tag.byteArray())).isEqualTo(expected);
    }

    @Test
    void shouldAgreeWithTheJdkAtEveryLength() throws GeneralSecurityException {
        final Random random = new Random(5);
        final byte[] key = new byte[32];
        random.nextBytes(key);
        final SessionKeys session = new SessionKeys(key, 1, 0);
        final Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        for (int length = 0; length < 10_000; length += 1 + random.nextInt(300)) {
            final UnsafeBuffer buffer = new UnsafeBuffer(new byte[length + 3 + SessionKeys.TAG_LENGTH]);
            random.nextBytes(buffer.byteArray());
            session.tag(buffer, 3, length, buffer, 3 + length);
            mac.update(buffer.byteArray(), 3, length);
            final byte[] expected = Arrays.copyOf(mac.doFinal(), SessionKeys.TAG_LENGTH);
            final byte[] actual = new byte[SessionKeys.TAG_LENGTH];
            buffer.getBytes(3 + length, actual);
            assertThat(actual).isEqualTo(expected);
            assertThat(session.matches(buffer, 3, length, 3 + length)).isTrue();
            final int flipped = 3 + random.nextInt(length + SessionKeys.TAG_LENGTH);
            buffer.putByte(flipped, (byte) (buffer.getByte(flipped) ^ (1 << random.nextInt(8))));
            assertThat(session.matches(buffer, 3, length, 3 + length)).isFalse();
        }
    }

    /** RFC 5869 and SP 800-38D as BouncyCastle has them, and the layout of docs/protocols/frame.md. */
    @Test
    void shouldEncryptAsAnotherImplementationDoes() throws InvalidCipherTextException {
        final byte[] secret = new byte[32];
        final byte[] transcript = new byte[32];
        secret[3] = 7;
        transcript[5] = 9;
        final SessionKeys session = SessionKeys.derive(secret, transcript, 1, SessionKeys.Sealing.AES_GCM);
        final HKDFBytesGenerator hkdf = new HKDFBytesGenerator(new SHA256Digest());
        hkdf.init(new HKDFParameters(
                secret, transcript, "quorate link session 1 aes-gcm".getBytes(StandardCharsets.US_ASCII)));
        final byte[] key = new byte[40];
        hkdf.generateBytes(key, 0, key.length);
        assertThat(session.keyId()).isEqualTo(new UnsafeBuffer(key).getLong(32));
        final byte[] frame = new byte[48 + 5000 + 16];
        new Random(3).nextBytes(frame);
        for (final int bodyLength : new int[] {0, 8, 40, 5000}) {
            final long counter = 0x1122334455667788L + bodyLength;
            final UnsafeBuffer sealed = new UnsafeBuffer(new byte[48 + bodyLength + 16]);
            session.seal(new UnsafeBuffer(frame), 48, 48 + bodyLength, counter, sealed);
            final byte[] nonce = new byte[12];
            new UnsafeBuffer(nonce).putLong(4, counter);
            final GCMModeCipher gcm = GCMBlockCipher.newInstance(AESEngine.newInstance());
            gcm.init(
                    true,
                    new AEADParameters(new KeyParameter(key, 0, 16), 128, nonce, java.util.Arrays.copyOf(frame, 48)));
            final byte[] expected = java.util.Arrays.copyOf(frame, 48 + bodyLength + 16);
            final int done = gcm.processBytes(frame, 48, bodyLength, expected, 48);
            gcm.doFinal(expected, 48 + done);
            assertThat(sealed.byteArray()).isEqualTo(expected);
            assertThat(session.open(sealed, 0, 48, 48 + bodyLength, counter)).isTrue();
            final byte[] opened = new byte[bodyLength];
            session.opened().getBytes(0, opened);
            assertThat(opened).isEqualTo(java.util.Arrays.copyOfRange(frame, 48, 48 + bodyLength));
            assertThat(session.open(sealed, 0, 48, 48 + bodyLength, counter + 1))
                    .isFalse();
        }
    }

    @Test
    void shouldDeriveOtherKeysFromOtherTranscripts() {
        final byte[] secret = new byte[32];
        secret[0] = 1;
        final SessionKeys one = SessionKeys.derive(secret, new byte[32], 3, SessionKeys.Sealing.MAC);
        final SessionKeys same = SessionKeys.derive(secret, new byte[32], 3, SessionKeys.Sealing.MAC);
        final byte[] otherTranscript = new byte[32];
        otherTranscript[31] = 1;
        final SessionKeys other = SessionKeys.derive(secret, otherTranscript, 3, SessionKeys.Sealing.MAC);
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[64]);
        one.tag(buffer, 0, 8, buffer, 8);
        assertThat(same.keyId()).isEqualTo(one.keyId());
        assertThat(same.matches(buffer, 0, 8, 8)).isTrue();
        assertThat(other.keyId()).isNotEqualTo(one.keyId());
        assertThat(other.matches(buffer, 0, 8, 8)).isFalse();
        assertThat(one.incarnation()).isEqualTo(3);
        assertThat(one.nextCounter()).isEqualTo(1);
        assertThat(one.nextCounter()).isEqualTo(2);
    }

    @Test
    void shouldTagForOneReceiverInOneDirectionOfOneGroup() {
        final List<PeerIdentity> identities = Samples.identities(3);
        final Roster roster = Samples.roster(identities, 1);
        final Authenticator first = identities.get(0).authenticator(roster);
        final Authenticator second = identities.get(1).authenticator(roster);
        final Authenticator third = identities.get(2).authenticator(roster);
        final UnsafeBuffer content = new UnsafeBuffer(new byte[32]);
        final UnsafeBuffer tag = new UnsafeBuffer(new byte[4 + Authenticator.TAG_LENGTH]);
        first.tag(1, content, 0, 32, tag, 4);
        assertThat(second.matches(0, content, 0, 32, tag, 4)).isTrue();
        assertThat(third.matches(0, content, 0, 32, tag, 4)).isFalse();
        assertThat(second.matches(2, content, 0, 32, tag, 4)).isFalse();
        assertThat(second.matches(1, content, 0, 32, tag, 4)).isFalse();
        assertThat(second.matches(-1, content, 0, 32, tag, 4)).isFalse();
        assertThat(second.matches(3, content, 0, 32, tag, 4)).isFalse();
        assertThat(first.matches(1, content, 0, 32, tag, 4))
                .as("sent back to whoever made it")
                .isFalse();
        final Authenticator nextEpoch = identities.get(1).authenticator(Samples.roster(identities, 2));
        assertThat(nextEpoch.matches(0, content, 0, 32, tag, 4)).isFalse();
        content.putByte(31, (byte) 1);
        assertThat(second.matches(0, content, 0, 32, tag, 4)).isFalse();
        first.tag(0, content, 0, 32, tag, 4);
        assertThat(first.matches(0, content, 0, 32, tag, 4)).isTrue();
        assertThat(second.matches(0, content, 0, 32, tag, 4)).isFalse();
    }
}

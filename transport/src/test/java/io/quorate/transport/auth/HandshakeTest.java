package io.quorate.transport.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.transport.auth.Handshake.Outcome;
import io.quorate.transport.codecs.HelloEncoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.WelcomeEncoder;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class HandshakeTest {
    private static final int HEADER = MessageHeaderEncoder.ENCODED_LENGTH;
    private static final long SECOND_NS = 1_000_000_000L;

    private final List<PeerIdentity> identities = Samples.identities(3);
    private final Roster roster = Samples.roster(identities, 5);
    private final MacKeyRing ringOfAlice = new MacKeyRing();
    private final MacKeyRing ringOfBob = new MacKeyRing();
    private final Handshake alice = handshake(0, 1, 100, ringOfAlice);
    private Handshake bob = handshake(1, 0, 200, ringOfBob);
    private long nowNs = 17;

    @Test
    void shouldGiveBothSidesTheSameKey() {
        assertThat(exchange(alice, bob)).isEqualTo(Outcome.OPENED);
        assertThat(alice.isPending()).isFalse();
        assertThat(alice.opened().incarnation()).isEqualTo(200);
        assertThat(confirm(alice.opened(), ringOfBob, 1)).isEqualTo(MacKeyRing.Verdict.CONFIRMED);
        assertThat(ringOfBob.currentIncarnation()).isEqualTo(100);
        assertThat(ringOfAlice.currentKeyId())
                .as("the other direction is a session of its own")
                .isZero();
    }

    @Test
    void shouldOpenOneSessionADirection() {
        exchange(alice, bob);
        exchange(bob, alice);
        assertThat(alice.opened().keyId()).isNotEqualTo(bob.opened().keyId());
        assertThat(confirm(bob.opened(), ringOfAlice, 1)).isEqualTo(MacKeyRing.Verdict.CONFIRMED);
        assertThat(confirm(bob.opened(), ringOfBob, 1)).as("reflected").isEqualTo(MacKeyRing.Verdict.UNKNOWN_KEY);
    }

    @Test
    void shouldNotBeReflected() {
        assertThat(receive(alice, copy(alice.hello()))).isEqualTo(Outcome.MALFORMED);
        receive(bob, copy(alice.hello()));
        assertThat(receive(bob, copy(bob.reply()))).isEqualTo(Outcome.MALFORMED);
    }

    @Test
    void shouldRefuseAManInTheMiddle() {
        final UnsafeBuffer hello = copy(alice.hello());
        final int keyOffset = HEADER + HelloEncoder.ephemeralKeyEncodingOffset();
        final UnsafeBuffer forged = copy(hello);
        forged.putByte(keyOffset, (byte) ~forged.getByte(keyOffset));
        assertThat(receive(bob, forged)).isEqualTo(Outcome.WRONG_MAC);
        assertThat(receive(bob, hello)).isEqualTo(Outcome.ANSWERED);
        final UnsafeBuffer welcome = copy(bob.reply());
        final UnsafeBuffer forgedWelcome = copy(welcome);
        final int welcomeKeyOffset = HEADER + WelcomeEncoder.ephemeralKeyEncodingOffset();
        forgedWelcome.putByte(welcomeKeyOffset, (byte) ~forgedWelcome.getByte(welcomeKeyOffset));
        assertThat(receive(alice, forgedWelcome)).isEqualTo(Outcome.SIGNATURE);
        assertThat(alice.isPending()).as("the honest answer may still come").isTrue();
        assertThat(receive(alice, welcome)).isEqualTo(Outcome.OPENED);
    }

    @Test
    void shouldRefuseAnInsiderWhoSpeaksForAnother() {
        final Handshake mallory = handshake(2, 1, 300, new MacKeyRing());
        final UnsafeBuffer hello = copy(mallory.hello());
        assertThat(receive(bob, hello)).as("bob's handshake with alice").isEqualTo(Outcome.MALFORMED);
        hello.putShort(HEADER + HelloEncoder.fromPeerEncodingOffset(), (short) 0, ByteOrder.LITTLE_ENDIAN);
        assertThat(receive(bob, hello)).isEqualTo(Outcome.WRONG_MAC);
        final SessionKeys pair = SessionKeys.derivePair(
                identities.get(2).staticSecret(identities.get(1).publicKey()), roster.groupId());
        resealPair(pair, hello);
        assertThat(receive(bob, hello)).as("mallory's own key with bob").isEqualTo(Outcome.WRONG_MAC);
    }

    @Test
    void shouldRefuseOtherGroupsAndEpochs() {
        final Roster otherEpoch = Samples.roster(identities, 6);
        final Handshake other = new Handshake(Samples.local(identities, otherEpoch, 0, 100), 1, new MacKeyRing());
        assertThat(receive(bob, copy(other.hello()))).isEqualTo(Outcome.MALFORMED);
    }

    @Test
    void shouldSurviveAReplayedHello() {
        final UnsafeBuffer oldHello = copy(alice.hello());
        receive(bob, oldHello);
        receive(alice, copy(bob.reply()));
        confirm(alice.opened(), ringOfBob, 1);
        final SessionKeys established = alice.opened();

        assertThat(receive(bob, oldHello)).as("the kept answer").isEqualTo(Outcome.ANSWERED);
        assertThat(receive(alice, copy(bob.reply()))).isEqualTo(Outcome.STALE);
        assertThat(confirm(established, ringOfBob, 2)).isEqualTo(MacKeyRing.Verdict.ACCEPTED);

        final UnsafeBuffer newHello = copy(alice.hello());
        assertThat(receive(bob, newHello)).isEqualTo(Outcome.ANSWERED);
        final UnsafeBuffer newWelcome = copy(bob.reply());
        for (int i = 0; i < 50; i++) {
            nowNs += SECOND_NS;
            receive(bob, oldHello);
        }
        assertThat(receive(alice, newWelcome)).isEqualTo(Outcome.OPENED);
        assertThat(confirm(alice.opened(), ringOfBob, 1))
                .as("the replays did not push out the candidate")
                .isEqualTo(MacKeyRing.Verdict.CONFIRMED);
    }

    @Test
    void shouldTakeAPeerBackWhoseClockWentBack() {
        exchange(alice, bob);
        confirm(alice.opened(), ringOfBob, 1);
        final Handshake earlier = handshake(0, 1, 99, new MacKeyRing());
        assertThat(exchange(earlier, bob)).isEqualTo(Outcome.OPENED);
        assertThat(confirm(earlier.opened(), ringOfBob, 1)).isEqualTo(MacKeyRing.Verdict.CONFIRMED);
        assertThat(ringOfBob.currentIncarnation()).isEqualTo(99);
    }

    @Test
    void shouldRepeatTheSameHelloAndTheSameAnswer() {
        final UnsafeBuffer hello = copy(alice.hello());
        assertThat(copy(alice.hello())).isEqualTo(hello);
        receive(bob, hello);
        final UnsafeBuffer welcome = copy(bob.reply());
        assertThat(receive(bob, hello)).isEqualTo(Outcome.ANSWERED);
        assertThat(copy(bob.reply())).isEqualTo(welcome);
        assertThat(receive(alice, welcome)).isEqualTo(Outcome.OPENED);
        assertThat(receive(alice, welcome)).isEqualTo(Outcome.STALE);
        alice.hello();
        alice.abandon();
        assertThat(copy(alice.hello())).isNotEqualTo(hello);
    }

    @Test
    void shouldNotRefreshAnAnswerOfAnEarlierQuestion() {
        final UnsafeBuffer first = copy(alice.hello());
        receive(bob, first);
        final UnsafeBuffer firstWelcome = copy(bob.reply());
        alice.abandon();
        alice.hello();
        assertThat(receive(alice, firstWelcome)).isEqualTo(Outcome.STALE);
    }

    @Test
    void shouldAnswerNoStrangerAndStillHearTheHonestPeerInAFlood() {
        final UnsafeBuffer forged = copy(alice.hello());
        final int nonceOffset = HEADER + HelloEncoder.nonceEncodingOffset();
        for (int i = 0; i < 50_000; i++) {
            nowNs += 20_000;
            forged.putInt(nonceOffset, i);
            assertThat(receive(bob, forged)).isEqualTo(Outcome.WRONG_MAC);
            assertThat(bob.reply()).isNull();
        }
        assertThat(exchange(alice, bob)).isEqualTo(Outcome.OPENED);
    }

    @Test
    void shouldBoundTheSignatureChecksThatAMemberCanCause() {
        final SessionKeys pair = SessionKeys.derivePair(
                identities.get(0).staticSecret(identities.get(1).publicKey()), roster.groupId());
        final UnsafeBuffer hello = copy(alice.hello());
        int checks = 0;
        for (int i = 0; i < 50_000; i++) {
            nowNs += 20_000;
            hello.putInt(HEADER + HelloEncoder.nonceEncodingOffset(), i);
            resealPair(pair, hello);
            final Outcome outcome = receive(bob, hello);
            assertThat(outcome).isIn(Outcome.SIGNATURE, Outcome.BUDGET);
            checks += outcome == Outcome.SIGNATURE ? 1 : 0;
        }
        assertThat(checks).as("in one second").isBetween(20, 40);
    }

    @Test
    void shouldAgreeOnAStaticSecretOnlyWithThePeerItself() {
        final byte[] secret = identities.get(0).staticSecret(identities.get(1).publicKey());
        assertThat(identities.get(1).staticSecret(identities.get(0).publicKey()))
                .isEqualTo(secret);
        assertThat(identities.get(2).staticSecret(identities.get(0).publicKey()))
                .isNotEqualTo(secret);
        assertThat(identities.get(2).staticSecret(identities.get(1).publicKey()))
                .isNotEqualTo(secret);
    }

    @Test
    void shouldRefuseAnAllZeroSharedSecret() {
        // Only a group member can do this: the key is signed.
        for (int low = 0; low < 2; low++) {
            final UnsafeBuffer hello =
                    copy(handshake(0, 1, 500 + low, new MacKeyRing()).hello());
            final int keyOffset = HEADER + HelloEncoder.ephemeralKeyEncodingOffset();
            hello.setMemory(keyOffset, 32, (byte) 0);
            hello.putByte(keyOffset, (byte) low);
            final int signed = HEADER + HelloEncoder.signatureEncodingOffset();
            new Ed25519Signer(Ed25519Provider.bouncyCastle(), identities.get(0), roster)
                    .sign(SigningDomain.HANDSHAKE, hello, 0, signed, hello, signed);
            resealPair(
                    SessionKeys.derivePair(
                            identities.get(0).staticSecret(identities.get(1).publicKey()), roster.groupId()),
                    hello);
            assertThat(receive(bob, hello)).isEqualTo(Outcome.WEAK_KEY);
        }
    }

    @Test
    void shouldNeverAnswerLongerThanTheQuestion() {
        assertThat(WelcomeEncoder.BLOCK_LENGTH).isLessThanOrEqualTo(HelloEncoder.BLOCK_LENGTH);
    }

    @Test
    void shouldRefuseImpossiblePeers() {
        final Handshake.Local local = Samples.local(identities, roster, 0, 1);
        assertThatThrownBy(() -> new Handshake(local, 0, ringOfBob)).hasMessageContaining("itself");
        assertThatThrownBy(() -> new Handshake(local, 3, ringOfBob)).hasMessageContaining("peer 3 is not in 0..2");
        assertThatThrownBy(() -> Samples.local(identities, roster, 0, -1)).hasMessageContaining("incarnation");
    }

    @Test
    void shouldDropEveryFlippedBit() {
        final UnsafeBuffer hello = copy(alice.hello());
        for (int bit = 0; bit < hello.capacity() * 8; bit++) {
            nowNs += SECOND_NS;
            final UnsafeBuffer bad = copy(hello);
            bad.putByte(bit / 8, (byte) (bad.getByte(bit / 8) ^ (1 << (bit % 8))));
            assertThat(receive(bob, bad)).as("bit " + bit).isIn(Outcome.MALFORMED, Outcome.WRONG_MAC);
        }
        receive(bob, hello);
        final UnsafeBuffer welcome = copy(bob.reply());
        for (int bit = 0; bit < welcome.capacity() * 8; bit++) {
            nowNs += SECOND_NS;
            final UnsafeBuffer bad = copy(welcome);
            bad.putByte(bit / 8, (byte) (bad.getByte(bit / 8) ^ (1 << (bit % 8))));
            assertThat(receive(alice, bad)).as("bit " + bit).isIn(Outcome.MALFORMED, Outcome.SIGNATURE, Outcome.STALE);
        }
        assertThat(receive(alice, welcome)).isEqualTo(Outcome.OPENED);
    }

    @Test
    void shouldReturnAnOutcomeForAnyBytes() {
        final Random random = new Random(9);
        final UnsafeBuffer hello = copy(alice.hello());
        for (int run = 0; run < 100_000; run++) {
            nowNs += 1_000;
            final int length = random.nextInt(hello.capacity() + 40);
            final UnsafeBuffer bytes = new UnsafeBuffer(new byte[length]);
            random.nextBytes(bytes.byteArray());
            if (random.nextBoolean() && length >= HEADER) {
                bytes.putBytes(0, hello, 0, HEADER);
                bytes.putByte(2, (byte) random.nextInt(4));
                bytes.putShort(0, (short) (length - HEADER), ByteOrder.LITTLE_ENDIAN);
            }
            assertThat(bob.onMessage(bytes, 0, length, nowNs)).isNotIn(Outcome.OPENED, Outcome.ANSWERED);
        }
        bob = handshake(1, 0, 201, ringOfBob);
        assertThat(exchange(alice, bob)).isEqualTo(Outcome.OPENED);
    }

    private static void resealPair(final SessionKeys pair, final UnsafeBuffer hello) {
        final int macOffset = HEADER + HelloEncoder.pairMacEncodingOffset();
        pair.tag(hello, 0, macOffset, hello, macOffset);
    }

    private Handshake handshake(final int from, final int to, final long incarnation, final MacKeyRing ring) {
        return new Handshake(Samples.local(identities, roster, from, incarnation), to, ring);
    }

    private Outcome receive(final Handshake receiver, final DirectBuffer message) {
        return receiver.onMessage(message, 0, message.capacity(), nowNs);
    }

    private Outcome exchange(final Handshake asking, final Handshake answering) {
        assertThat(receive(answering, copy(asking.hello()))).isEqualTo(Outcome.ANSWERED);
        return receive(asking, copy(answering.reply()));
    }

    private static MacKeyRing.Verdict confirm(final SessionKeys session, final MacKeyRing ring, final long counter) {
        final UnsafeBuffer frame = new UnsafeBuffer(new byte[64]);
        session.tag(frame, 0, 48, frame, 48);
        return ring.open(session.keyId(), counter, 1, frame, 0, 48, 48);
    }

    private static UnsafeBuffer copy(final DirectBuffer message) {
        final byte[] bytes = new byte[message.capacity()];
        message.getBytes(0, bytes);
        return new UnsafeBuffer(bytes);
    }
}

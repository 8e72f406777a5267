package io.quorate.engine.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import io.quorate.transport.codecs.EvidenceDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class EvidenceTest {
    private static final int PEERS = 4;

    private final Digest sha256 = new Digest();
    private final Verifier verifier = this::verify;
    private final List<UnsafeBuffer> sent = new ArrayList<>();
    private final List<Evidence> told = new ArrayList<>();
    private final EvidenceBook book = book();
    private int checks;

    @Test
    void shouldHoldForTwoPrePreparesOfOnePrimary() {
        assertThat(prePrepares(2, 6, 9, 1, 2).holds(verifier, PEERS)).isTrue();
        assertThat(checkpoints(3, 8, 1, 2).holds(verifier, PEERS)).isTrue();
    }

    @Test
    void shouldNotHoldForWhatProvesNothing() {
        assertThat(prePrepares(2, 6, 9, 1, 1).holds(verifier, PEERS))
                .as("one digest")
                .isFalse();
        assertThat(prePrepares(2, 5, 9, 1, 2).holds(verifier, PEERS))
                .as("not its view")
                .isFalse();
        assertThat(prePrepares(2, -2, 9, 1, 2).holds(verifier, PEERS)).isFalse();
        assertThat(prePrepares(2, 6, 0, 1, 2).holds(verifier, PEERS)).isFalse();
        assertThat(prePrepares(6, 6, 9, 1, 2).holds(verifier, PEERS))
                .as("no peer")
                .isFalse();
        final UnsafeBuffer byTwo = sign(2, Evidence.Kind.PRE_PREPARE, 6, 9, digest(1));
        final UnsafeBuffer byThree = sign(3, Evidence.Kind.PRE_PREPARE, 6, 9, digest(2));
        assertThat(of(Evidence.Kind.PRE_PREPARE, 2, 6, 9, digest(1), byTwo, digest(2), byThree)
                        .holds(verifier, PEERS))
                .as("signed by two peers")
                .isFalse();
        final UnsafeBuffer elsewhere = sign(2, Evidence.Kind.PRE_PREPARE, 6, 10, digest(2));
        assertThat(of(Evidence.Kind.PRE_PREPARE, 2, 6, 9, digest(1), byTwo, digest(2), elsewhere)
                        .holds(verifier, PEERS))
                .as("of two sequences")
                .isFalse();
        final UnsafeBuffer checkpoint = sign(2, Evidence.Kind.CHECKPOINT, 0, 9, digest(2));
        assertThat(of(Evidence.Kind.PRE_PREPARE, 2, 6, 9, digest(1), byTwo, digest(2), checkpoint)
                        .holds(verifier, PEERS))
                .as("of two kinds")
                .isFalse();
    }

    @Test
    void shouldLookTheSameFromBothSides() {
        final Evidence one = prePrepares(2, 6, 9, 1, 2);
        final Evidence other = prePrepares(2, 6, 9, 2, 1);
        assertThat(one.first()).isEqualTo(other.first());
        assertThat(one.second()).isEqualTo(other.second());
        assertThat(one.isSameConflict(other)).isTrue();
    }

    @Test
    void shouldKeepTheFirstFewOfEachPeerAndPassEachOnOnce() {
        for (int sequence = 1; sequence <= 20; sequence++) {
            assertThat(book.onEvidence(checkpoints(1, sequence, 1, 2))).isEqualTo(sequence <= EvidenceBook.KEPT_MAX);
            assertThat(book.onEvidence(checkpoints(1, sequence, 2, 3)))
                    .as("the same conflict")
                    .isFalse();
        }
        assertThat(book.onEvidence(checkpoints(3, 1, 1, 2))).isTrue();
        assertThat(book.count(1)).isEqualTo(EvidenceBook.KEPT_MAX);
        assertThat(book.count(3)).isEqualTo(1);
        assertThat(book.count(0)).isZero();
        assertThat(told).hasSize(5).isEqualTo(book.kept());
        assertThat(sent).as("each to three others").hasSize(15);
        assertThat(checks).as("known ones are not checked").isEqualTo(10);
    }

    @Test
    void shouldPassNothingOnThatDoesNotHold() {
        final UnsafeBuffer forged = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
        for (int id = -1; id <= PEERS; id++) {
            assertThat(book.onEvidence(of(Evidence.Kind.CHECKPOINT, id, 0, 8, digest(1), forged, digest(2), forged)))
                    .isFalse();
        }
        assertThat(sent).isEmpty();
        assertThat(told).isEmpty();
    }

    @Test
    void shouldSendWhatIsKeptAgainOneAnInterval() {
        book.onTick(0);
        assertThat(sent).isEmpty();
        book.onEvidence(checkpoints(1, 8, 1, 2));
        book.onEvidence(checkpoints(1, 16, 1, 2));
        sent.clear();
        for (long nowNs = 0; nowNs < 10_000; nowNs += 10) {
            book.onTick(nowNs);
        }
        assertThat(sent).as("ten intervals, three others").hasSize(30);
    }

    @Test
    void shouldReadBackWhatItSends() {
        final Evidence found = prePrepares(2, 6, 9, 1, 2);
        book.onEvidence(found);
        final EvidenceBook other = book();
        final EvidenceAdapter adapter = new EvidenceAdapter(other);
        final UnsafeBuffer message = sent.getFirst();
        assertThat(message.capacity()).isEqualTo(MessageHeaderDecoder.ENCODED_LENGTH + EvidenceDecoder.BLOCK_LENGTH);
        assertThat(adapter.onMessage(message, MessageHeaderDecoder.ENCODED_LENGTH))
                .isTrue();
        assertThat(other.kept()).hasSize(1);
        assertThat(other.kept().getFirst().isSameConflict(found)).isTrue();
        for (int bit = 8 * MessageHeaderDecoder.ENCODED_LENGTH; bit < 8 * message.capacity(); bit++) {
            final EvidenceBook third = book();
            message.putByte(bit / 8, (byte) (message.getByte(bit / 8) ^ 1 << bit % 8));
            new EvidenceAdapter(third).onMessage(message, MessageHeaderDecoder.ENCODED_LENGTH);
            assertThat(third.kept()).as("bit %d turned", bit).isEmpty();
            message.putByte(bit / 8, (byte) (message.getByte(bit / 8) ^ 1 << bit % 8));
        }
    }

    private EvidenceBook book() {
        final Outbox outbox = new Outbox() {
            @Override
            public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
                final byte[] bytes = new byte[lengthBytes];
                message.getBytes(offset, bytes);
                sent.add(new UnsafeBuffer(bytes));
                return true;
            }

            @Override
            public void flush() {}
        };
        return new EvidenceBook(PEERS, verifier, new EvidencePublisher(outbox, 0, PEERS), told::add, 1_000);
    }

    private Evidence prePrepares(final int id, final long view, final long sequence, final int a, final int b) {
        return of(
                Evidence.Kind.PRE_PREPARE,
                id,
                view,
                sequence,
                digest(a),
                sign(id, Evidence.Kind.PRE_PREPARE, view, sequence, digest(a)),
                digest(b),
                sign(id, Evidence.Kind.PRE_PREPARE, view, sequence, digest(b)));
    }

    private Evidence checkpoints(final int id, final long sequence, final int a, final int b) {
        return of(
                Evidence.Kind.CHECKPOINT,
                id,
                0,
                sequence,
                digest(a),
                sign(id, Evidence.Kind.CHECKPOINT, 0, sequence, digest(a)),
                digest(b),
                sign(id, Evidence.Kind.CHECKPOINT, 0, sequence, digest(b)));
    }

    private static Evidence of(
            final Evidence.Kind kind,
            final int id,
            final long view,
            final long sequence,
            final Digest256 a,
            final UnsafeBuffer signatureA,
            final Digest256 b,
            final UnsafeBuffer signatureB) {
        return Evidence.of(kind, id, view, sequence, a, signatureA, 0, b, signatureB, 0);
    }

    private Digest256 digest(final int seed) {
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[32]);
        bytes.putInt(0, seed);
        sha256.digest(bytes, 0, 4, bytes, 0);
        return new Digest256().set(bytes, 0);
    }

    private UnsafeBuffer sign(
            final int id, final Evidence.Kind kind, final long view, final long sequence, final Digest256 digest) {
        final UnsafeBuffer content = new UnsafeBuffer(new byte[48]);
        final boolean isPrePrepare = kind == Evidence.Kind.PRE_PREPARE;
        final int at = isPrePrepare ? 8 : 0;
        content.putLong(0, view, ByteOrder.LITTLE_ENDIAN);
        content.putLong(at, sequence, ByteOrder.LITTLE_ENDIAN);
        digest.write(content, at + 8);
        final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
        final SigningDomain domain = isPrePrepare ? SigningDomain.PRE_PREPARE : SigningDomain.CHECKPOINT;
        make(id, domain, content, 0, at + 40, signature, 0);
        return signature;
    }

    private void make(
            final int id,
            final SigningDomain domain,
            final DirectBuffer content,
            final int offset,
            final int length,
            final UnsafeBuffer signature,
            final int at) {
        sha256.update(new byte[] {(byte) id})
                .update(domain.tag().getBytes(StandardCharsets.US_ASCII))
                .update(content, offset, length)
                .finish(signature, at);
    }

    private boolean verify(
            final int id,
            final SigningDomain domain,
            final DirectBuffer content,
            final int offset,
            final int length,
            final DirectBuffer signature,
            final int at) {
        checks++;
        final UnsafeBuffer expected = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
        make(id, domain, content, offset, length, expected, 0);
        for (int i = 0; i < Signer.SIGNATURE_LENGTH; i++) {
            if (expected.getByte(i) != signature.getByte(at + i)) {
                return false;
            }
        }
        return true;
    }
}

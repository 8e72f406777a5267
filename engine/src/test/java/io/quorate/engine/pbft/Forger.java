package io.quorate.engine.pbft;

import static io.quorate.transport.auth.Signer.SIGNATURE_LENGTH;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Request;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Speaks for one peer with its own key: whatever the test wants it to say, true or not. */
final class Forger {
    final int id;
    private final PbftContext context;
    private final Signer signer;
    private final Wire wire;
    private final PbftPublisher publisher;
    private final Digest sha256 = new Digest();
    private UnsafeBuffer captured;

    /** Where its bytes go. */
    @FunctionalInterface
    interface Wire {
        void deliver(int receiverId, UnsafeBuffer bytes);
    }

    Forger(final TestGroup group, final int id) {
        this(id, group.peers[id].context, group.keys.signer(id), (to, bytes) -> group.deliver(id, to, bytes));
    }

    Forger(final int id, final PbftContext context, final Signer signer, final Wire wire) {
        this.id = id;
        this.context = context;
        this.signer = signer;
        this.wire = wire;
        publisher = new PbftPublisher(context, new Outbox() {
            @Override
            public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
                final byte[] bytes = new byte[lengthBytes];
                message.getBytes(offset, bytes);
                captured = new UnsafeBuffer(bytes);
                return true;
            }

            @Override
            public void flush() {}
        });
    }

    /** Encodes a message and puts it on the wire for some receivers. */
    void say(final Consumer<PbftPublisher> message, final int... receivers) {
        message.accept(publisher);
        for (final int receiver : receivers) {
            wire.deliver(receiver, captured);
        }
    }

    /** The bytes of what was said last. */
    UnsafeBuffer last() {
        return captured;
    }

    /** A signed request statement of any client, with this forger's key. */
    UnsafeBuffer request(final int clientId, final long number, final String body) {
        final UnsafeBuffer bytes = new UnsafeBuffer(body.getBytes(StandardCharsets.US_ASCII));
        final UnsafeBuffer statement = new UnsafeBuffer(new byte[Request.BODY_OFFSET + bytes.capacity()]);
        publisher.encodeRequest(statement, clientId, number, bytes, 0, bytes.capacity());
        sign(SigningDomain.REQUEST, statement);
        return statement;
    }

    void sayRequest(final UnsafeBuffer statement, final int... receivers) {
        say(publisher -> publisher.request(other(), true, statement, statement.capacity()), receivers);
    }

    Digest256 digestOf(final UnsafeBuffer statement) {
        final Digest256 digest = new Digest256();
        final UnsafeBuffer scratch = new UnsafeBuffer(new byte[32]);
        Request.digestOf(sha256, statement, 0, statement.capacity(), scratch, digest);
        return digest;
    }

    Batch batch(final UnsafeBuffer... statements) {
        final UnsafeBuffer digests = new UnsafeBuffer(new byte[statements.length * 32]);
        for (int i = 0; i < statements.length; i++) {
            digestOf(statements[i]).write(digests, i * 32);
        }
        return new Batch(sha256, digests, 0, digests.capacity());
    }

    void sayPrePrepare(final long view, final long sequence, final Batch batch, final int... receivers) {
        final UnsafeBuffer statement = new UnsafeBuffer(new byte[LogSlot.STATEMENT_LENGTH]);
        publisher.encodePrePrepare(statement, view, sequence, batch.digest());
        sign(SigningDomain.PRE_PREPARE, statement);
        say(publisher -> publisher.prePrepare(other(), statement, batch), receivers);
    }

    /** As {@link #sayPrePrepare}, with some byte all over the signature's place; zero is no signature. */
    void sayPrePrepareSignedBy(
            final byte all, final long view, final long sequence, final Batch batch, final int... receivers) {
        final UnsafeBuffer statement = new UnsafeBuffer(new byte[LogSlot.STATEMENT_LENGTH]);
        publisher.encodePrePrepare(statement, view, sequence, batch.digest());
        statement.setMemory(0, SIGNATURE_LENGTH, all);
        say(publisher -> publisher.prePrepare(other(), statement, batch), receivers);
    }

    void sayCheckpoint(final long sequence, final Digest256 state, final int... receivers) {
        final UnsafeBuffer content = new UnsafeBuffer(new byte[Long.BYTES + Digest256.LENGTH]);
        content.putLong(0, sequence, java.nio.ByteOrder.LITTLE_ENDIAN);
        state.write(content, Long.BYTES);
        final UnsafeBuffer signature = new UnsafeBuffer(new byte[SIGNATURE_LENGTH]);
        signer.sign(SigningDomain.CHECKPOINT, content, 0, content.capacity(), signature, 0);
        say(publisher -> publisher.checkpoint(other(), sequence, state, signature, 0), receivers);
    }

    void sayPrepare(final long view, final long sequence, final Digest256 digest, final int... receivers) {
        say(publisher -> publisher.prepare(other(), view, sequence, digest), receivers);
    }

    void sayCommit(final long view, final long sequence, final Digest256 digest, final int... receivers) {
        say(publisher -> publisher.commit(other(), view, sequence, digest), receivers);
    }

    /** A signed view change with base 0 and any claims. */
    NewView.Vote vote(final long view, final NewView.Claims prepared, final NewView.Claims prePrepared) {
        return vote(view, new Checkpoints.Certificate(context.peerCount()), prepared, prePrepared);
    }

    /** A signed view change with any base and any claims. */
    NewView.Vote vote(
            final long view,
            final Checkpoints.Certificate base,
            final NewView.Claims prepared,
            final NewView.Claims prePrepared) {
        final NewView.Vote draft = vote(view, base, prepared, prePrepared, new UnsafeBuffer(new byte[0]), 0);
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[context.messageLengthMax()]);
        final int length = publisher.encodeViewChange(bytes, draft);
        final UnsafeBuffer statement = new UnsafeBuffer(bytes, 0, length);
        sign(SigningDomain.VIEW_CHANGE, statement);
        return vote(view, base, prepared, prePrepared, statement, length);
    }

    private NewView.Vote vote(
            final long view,
            final Checkpoints.Certificate base,
            final NewView.Claims prepared,
            final NewView.Claims prePrepared,
            final UnsafeBuffer statement,
            final int length) {
        final NewView.Vote vote =
                new NewView.Vote(id, view, base, prepared.count(), prePrepared.count(), statement, 0, length);
        copy(prepared, vote.prepared());
        copy(prePrepared, vote.prePrepared());
        return vote;
    }

    private static void copy(final NewView.Claims from, final NewView.Claims to) {
        for (int i = 0; i < from.count(); i++) {
            to.set(i, from.sequence(i), from.view(i), from.digest(i));
        }
    }

    void sayViewChange(final NewView.Vote vote, final int... receivers) {
        say(
                publisher -> publisher.viewChange(
                        other(), vote.statement(), 0, vote.statement().capacity()),
                receivers);
    }

    /** A signed new view that names these view changes. */
    void sayNewView(final long view, final NewView.Vote[] votes, final int... receivers) {
        final NewView.Proposal draft = new NewView.Proposal(view, votes.length, new UnsafeBuffer(new byte[0]), 0, 0);
        for (int i = 0; i < votes.length; i++) {
            final Digest256 digest = new Digest256();
            final UnsafeBuffer scratch = new UnsafeBuffer(new byte[32]);
            final DirectBuffer statement = votes[i].statement();
            sha256.update("quorate-viewchange".getBytes(StandardCharsets.US_ASCII))
                    .update(statement, SIGNATURE_LENGTH, statement.capacity() - SIGNATURE_LENGTH)
                    .finish(scratch, 0);
            draft.set(i, votes[i].replicaId(), digest.set(scratch, 0));
        }
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[context.messageLengthMax()]);
        final int length = publisher.encodeNewView(bytes, draft);
        final UnsafeBuffer statement = new UnsafeBuffer(bytes, 0, length);
        sign(SigningDomain.NEW_VIEW, statement);
        say(publisher -> publisher.newView(other(), statement, 0, length), receivers);
    }

    private void sign(final SigningDomain domain, final UnsafeBuffer statement) {
        signer.sign(domain, statement, SIGNATURE_LENGTH, statement.capacity() - SIGNATURE_LENGTH, statement, 0);
    }

    private int other() {
        return (id + 1) % context.peerCount();
    }
}

package io.quorate.engine.pbft;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.aeron.AeronOutbox;
import io.quorate.transport.aeron.AeronTransport;
import io.quorate.transport.aeron.AeronTransportContext;
import io.quorate.transport.aeron.DriverSettings;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Signer;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.SessionKeys;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.frame.FrameFlyweight;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A peer with a key of its group and real links to it over UDP that says what a test wants; driven by the test's thread. */
public final class HostilePeer implements AutoCloseable {
    private static final int BODY_LENGTH = 64;
    private static final long PATIENCE_NS = 30_000_000_000L;
    private static final long AGAIN_NS = 250_000_000L;

    private final int id;
    private final Roster roster;
    private final EmbeddedDriver driver;
    private final AeronTransport transport;
    private final Signer signer;
    private final Forger forger;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final CommitDecoder commit = new CommitDecoder();
    private final Map<String, Set<String>> digestsCommitted = new HashMap<>();
    private int echoes;

    private HostilePeer(
            final int id,
            final Roster roster,
            final PeerIdentity identity,
            final EmbeddedDriver driver,
            final AeronTransport transport) {
        this.id = id;
        this.roster = roster;
        this.driver = driver;
        this.transport = transport;
        signer = new Ed25519Signer(Ed25519Provider.choose(), identity, roster);
        forger = voice(id);
    }

    /** Takes a peer's place. */
    public static HostilePeer launch(
            final int id, final Roster roster, final PeerIdentity identity, final Path folder) {
        final EmbeddedDriver driver =
                EmbeddedDriver.launch(folder, EmbeddedDriver.Threading.INVOKER, DriverSettings.defaults());
        try {
            final AeronTransport transport = AeronTransport.launch(new AeronTransportContext()
                    .roster(roster)
                    .identity(identity)
                    .listen("127.0.0.1", roster.peer(id).port())
                    .driver(driver));
            return new HostilePeer(id, roster, identity, driver, transport);
        } catch (final RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    /** Speaks as any peer, over this one's links and with this one's key. */
    private Forger voice(final int asPeerId) {
        final PbftContext context = new PbftContext()
                .peerCount(roster.size())
                .selfId(asPeerId)
                .random(new SplittableRandom(1))
                .conclude();
        return new Forger(asPeerId, context, signer, this::send);
    }

    private void send(final int receiverId, final UnsafeBuffer bytes) {
        transport.outbox().send(receiverId, bytes, 0, bytes.capacity());
        transport.outbox().flush();
    }

    /** True if it has sessions with all others. */
    public boolean isReady() {
        for (int other = 0; other < roster.size(); other++) {
            if (other != id && !transport.isReady(other)) {
                return false;
            }
        }
        return true;
    }

    private int[] others() {
        final int[] others = new int[roster.size() - 1];
        for (int other = 0, count = 0; other < roster.size(); other++) {
            if (other != id) {
                others[count++] = other;
            }
        }
        return others;
    }

    /** Assigns two batches to one slot, to everybody. */
    public void equivocate(final long view, final long sequence) {
        forger.sayPrePrepare(view, sequence, forger.batch(), others());
        assign(view, sequence);
    }

    /** Assigns a batch, as a primary would. */
    public void assign(final long view, final long sequence) {
        forger.sayPrePrepare(view, sequence, forger.batch(forger.request(id, 1, "mine")), others());
    }

    /** Frames of this group in the name of peers that it does not have: a pre-prepare's, three prepares' and three commits'. */
    public void sayAsGhosts(final int ghostId, final int frames) {
        final AeronOutbox wire = (AeronOutbox) transport.outbox();
        final UnsafeBuffer frame =
                new UnsafeBuffer(new byte[FrameFlyweight.HEADER_LENGTH + BODY_LENGTH + FrameFlyweight.TAG_LENGTH]);
        for (final int receiver : others()) {
            for (int count = 0; count < frames; count++) {
                final FrameFlyweight.Link link = new FrameFlyweight.Link(
                        FrameFlyweight.groupPrefix(roster.groupId()), roster.epoch(), ghostId, receiver);
                new FrameFlyweight()
                        .create(frame, FrameFlyweight.TYPE_SEALED, link)
                        .session(1, count + 1L, SessionKeys.Sealing.MAC)
                        .bodyLength(BODY_LENGTH);
                wire.offer(receiver, frame, frame.capacity());
            }
        }
    }

    /** A prepare and a commit in the name of each peer but the receiver, each for another digest. */
    public void sayAsTheOthers(final long view, final long sequence) {
        for (final int receiver : others()) {
            for (final int named : others()) {
                if (named != receiver) {
                    final Forger voice = voice(named);
                    final Digest256 digest = voice.batch(voice.request(named, named, "as " + named))
                            .digest();
                    voice.sayPrepare(view, sequence, digest, receiver);
                    voice.sayCommit(view, sequence, digest, receiver);
                }
            }
        }
    }

    /** From now on each commit that it hears is answered by so many prepares and commits of its own, to everybody. */
    public void echo(final int times) {
        echoes = times;
    }

    /** The digests for which one peer sent commits at one sequence of one view; keys are these three. */
    public Map<String, Set<String>> digestsCommitted() {
        return digestsCommitted;
    }

    /** Asks for a view of its own alone, and begins it. */
    public void usurp(final long view) {
        final NewView.Claims none = new NewView.Claims(0);
        final NewView.Vote own = forger.vote(view, none, none);
        forger.sayViewChange(own, others());
        forger.sayNewView(view, new NewView.Vote[] {own}, others());
    }

    /** As a client: signs two bodies under one number, and shows one peer the first and the others the second. */
    public void askTwice(final long number, final String one, final String other) {
        final UnsafeBuffer first = forger.request(id, number, one);
        final UnsafeBuffer second = forger.request(id, number, other);
        if (forger.digestOf(first).isEqual(forger.digestOf(second))) {
            throw new AssertionError(one + " and " + other + " have one digest");
        }
        for (final int receiver : others()) {
            forger.sayRequest(receiver == others()[0] ? first : second, receiver);
        }
    }

    /** Does something until it has its effect: links may refuse, and views change meanwhile. */
    public void until(final String description, final BooleanSupplier condition, final Runnable action) {
        final long endNs = System.nanoTime() + PATIENCE_NS;
        long nextNs = System.nanoTime();
        while (!condition.getAsBoolean()) {
            final long nowNs = System.nanoTime();
            if (nowNs - endNs > 0) {
                throw new AssertionError("not reached in time: " + description);
            }
            if (nowNs - nextNs >= 0) {
                action.run();
                nextNs = nowNs + AGAIN_NS;
            }
            run();
        }
    }

    private void run() {
        int work = transport.doWork(System.nanoTime());
        work += transport.inbox().poll(this::onMessage, 64);
        transport.outbox().flush();
        if (work == 0) {
            LockSupport.parkNanos(100_000);
        }
    }

    private void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        header.wrap(buffer, offset);
        if (header.templateId() != CommitDecoder.TEMPLATE_ID) {
            return;
        }
        final int body = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        commit.wrap(buffer, body, header.blockLength(), header.version());
        final Digest256 digest = new Digest256().set(buffer, body + CommitDecoder.batchDigestEncodingOffset());
        digestsCommitted
                .computeIfAbsent(senderId + "/" + commit.view() + "/" + commit.sequence(), any -> new HashSet<>())
                .add(digest.toString());
        for (int time = 0; time < echoes; time++) {
            forger.sayPrepare(commit.view(), commit.sequence(), digest, others());
            forger.sayCommit(commit.view(), commit.sequence(), digest, others());
        }
    }

    @Override
    public void close() {
        transport.close();
        driver.close();
    }
}

package io.quorate.engine.fuzz;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.agent.CommandRing;
import io.quorate.engine.agent.ConsensusAgent;
import io.quorate.engine.agent.JobRing;
import io.quorate.engine.agent.KernelAgent;
import io.quorate.engine.agent.Mailbox;
import io.quorate.engine.agent.ResultRing;
import io.quorate.engine.agent.Surroundings;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.epoch.EpochMachine;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.verification.VerifyRing;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.Inbox;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.Outbox;
import io.quorate.transport.Transport;
import io.quorate.transport.auth.Roster;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Four whole peers on one thread under virtual time: consensus and kernel agents as in production, joined by queues in place of links, so
 * that any message can be handed to any of them as if a given peer had sent it.
 */
final class FuzzGroup implements AutoCloseable {
    static final int PEERS = 4;

    /** Whose messages are not its own. */
    static final int LIAR = 3;

    private static final FrameLimits LIMITS = new FrameLimits(64 * 1024, 60 * 1024);
    private static final int CHECKPOINT_INTERVAL = 4;
    private static final int WINDOW = 8;
    private static final int CLIENT_WINDOW = 8;
    private static final int DIMENSION = 8;
    private static final long TURN_NS = 100_000;
    private static final long TIMEOUT_NS = 50_000_000;
    private static final int BUDGET = 1_000_000_000;

    /** One message as it came from its sender. */
    record Message(int senderId, byte[] bytes) {
        int templateId() {
            return bytes.length < 4 ? -1 : (bytes[2] & 0xff) | (bytes[3] & 0xff) << 8;
        }
    }

    private final SimKeys keys;
    private final Roster roster;
    private final Peer[] peers = new Peer[PEERS];
    private final Set<Integer> cutOff = new HashSet<>();
    private final Consumer<Message> listener;
    private long nowNs = 1_000_000_000;

    /**
     * @param keySeed groups of different seeds have different keys: what peers of one sign means nothing in another
     * @param listener gets whatever the peers send
     */
    FuzzGroup(final long keySeed, final Consumer<Message> listener) {
        this.listener = listener;
        keys = new SimKeys(PEERS, new SimRandom(keySeed));
        final List<Roster.Peer> members = new ArrayList<>();
        for (int id = 0; id < PEERS; id++) {
            members.add(new Roster.Peer(id, "p" + id, "10.0.0.1", 40_000 + id, SimKeys.publicKey(id)));
        }
        roster = Roster.of(1, members, Map.of("dimension", "" + DIMENSION, "heads", "2"));
        for (int id = 0; id < PEERS; id++) {
            peers[id] = new Peer(id);
        }
    }

    /** Nothing comes to these peers, nor from them. */
    void cutOff(final Integer... ids) {
        cutOff.clear();
        cutOff.addAll(List.of(ids));
    }

    /** One turn of every agent; time passes. */
    void turn() {
        nowNs += TURN_NS;
        for (final Peer peer : peers) {
            peer.work();
        }
    }

    /** Time passes. */
    void pass(final long durationNs) {
        for (final long endNs = nowNs + durationNs; nowNs < endNs; ) {
            turn();
        }
    }

    /** A peer hands in its vector for a round; false if its ring is full. */
    boolean contribute(final int id, final String round) {
        return peers[id].contribute(round);
    }

    /** A peer asks for what is known of a round. */
    void ask(final int id, final String round) {
        peers[id].ask(round);
    }

    CertifiedDecision decision(final int id, final String round) {
        return peers[id].mailbox.decision(round);
    }

    /** Hands a peer a message in another one's name, and lets it work. */
    void deliver(final int senderId, final int receiverId, final byte[] bytes) {
        peers[receiverId].incoming.add(new Message(senderId, bytes));
        peers[receiverId].work();
    }

    @Override
    public void close() {
        for (final Peer peer : peers) {
            peer.kernels.onClose();
        }
    }

    /** A peer with all its agents. */
    private final class Peer implements Transport, Inbox, Outbox {
        private final int id;
        private final ArrayDeque<Message> incoming = new ArrayDeque<>();
        private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[0]);
        private final LinkCounters counters = new LinkCounters(PEERS);
        private final CommandRing commands = new CommandRing(1 << 16);
        private final Mailbox mailbox = new Mailbox();
        private final JobRing jobs = new JobRing(1 << 18, 3);
        private final ResultRing results = new ResultRing(1 << 18);
        private final KernelAgent kernels;
        private final ConsensusAgent agent;
        private long ticket;

        Peer(final int id) {
            this.id = id;
            final PbftContext pbft = new PbftContext()
                    .peerCount(PEERS)
                    .selfId(id)
                    .random(new SplittableRandom(id))
                    .isFirstStart(true)
                    .checkpointInterval(CHECKPOINT_INTERVAL)
                    .windowLength(WINDOW)
                    .clientWindow(CLIENT_WINDOW)
                    .isReading(true)
                    // A liar that has used up its budgets is not heard any more; here all that it says is to be
                    // handled.
                    .messagesMax(BUDGET)
                    .uselessChecksMax(BUDGET)
                    .viewChangeTimeoutNs(TIMEOUT_NS)
                    .viewChangeTimeoutMaxNs(4 * TIMEOUT_NS)
                    .conclude();
            final DecisionContext decision = new DecisionContext()
                    .coordinator(new CoordinatorContext()
                            .peerCount(PEERS)
                            .dimension(DIMENSION)
                            .heads(2)
                            .conclude())
                    .selfId(id)
                    .roundDeadlineNs(TIMEOUT_NS)
                    .nanoTime(() -> nowNs)
                    .conclude();
            kernels = new KernelAgent(
                    jobs,
                    results,
                    decision,
                    new ClientTable(PEERS, CLIENT_WINDOW),
                    rounds -> new EpochMachine(
                            roster, keys.verifier(roster), CHECKPOINT_INTERVAL, WINDOW, next -> true, rounds));
            agent = new ConsensusAgent(surroundings(), pbft, decision);
        }

        private Surroundings surroundings() {
            final EngineStatus identity = new EngineStatus(
                    id,
                    "p" + id,
                    PEERS,
                    "",
                    1,
                    new EngineStatus.Epoch("open", 0, 0),
                    0,
                    0,
                    true,
                    0,
                    0,
                    "",
                    List.of(),
                    List.of(),
                    EngineStatus.Mesh.none(),
                    EngineStatus.Health.none(),
                    "",
                    0,
                    "",
                    0,
                    0,
                    EngineStatus.Journal.none(),
                    Map.of());
            final MembershipContext membership = new MembershipContext()
                    .memberCount(PEERS)
                    .selfId(id)
                    .seeds(0, 1, 2, 3)
                    .conclude();
            return new Surroundings(
                    () -> nowNs,
                    this,
                    keys.signer(roster, id),
                    keys.verifier(roster),
                    new VerifyRing(keys.verifier(roster), PEERS, 16, 512, 2),
                    jobs,
                    results,
                    commands,
                    mailbox,
                    identity,
                    () -> 0,
                    null,
                    null,
                    decided -> {},
                    new Surroundings.Watch(membership, new SplittableRandom(100 + id)),
                    new Surroundings.Place(roster, null, null, next -> null, null));
        }

        void work() {
            agent.doWork();
            while (kernels.doWork() > 0) {
                agent.doWork();
            }
        }

        boolean contribute(final String round) {
            final ExpandableArrayBuffer body = new ExpandableArrayBuffer();
            final float[] vector = new float[DIMENSION];
            for (int i = 0; i < DIMENSION; i++) {
                vector[i] = i == 7 ? 8 + id * 0.01f : 1 + i;
            }
            final int length = PeerOutput.encode(body, 0, round, "", "yes", MemorySegment.ofArray(vector));
            final int index = commands.claimContribution(++ticket, nowNs, length);
            if (index < 0) {
                return false;
            }
            commands.buffer().putBytes(index, body, 0, length);
            commands.commit(index);
            return true;
        }

        void ask(final String round) {
            final ExpandableArrayBuffer query = new ExpandableArrayBuffer();
            final int length = DecisionMachine.encodeQuery(query, 0, round);
            final int index = commands.claimQuery(++ticket, nowNs, length);
            if (index >= 0) {
                commands.buffer().putBytes(index, query, 0, length);
                commands.commit(index);
            }
        }

        @Override
        public boolean send(final int receiverId, final DirectBuffer message, final int offset, final int lengthBytes) {
            if (cutOff.contains(id) || cutOff.contains(receiverId)) {
                return true;
            }
            final byte[] bytes = new byte[lengthBytes];
            message.getBytes(offset, bytes);
            final Message sent = new Message(id, bytes);
            listener.accept(sent);
            peers[receiverId].incoming.add(sent);
            return true;
        }

        @Override
        public int poll(final FrameHandler handler, final int frameCountMax) {
            int count = 0;
            for (Message message = incoming.poll(); message != null; message = incoming.poll()) {
                buffer.wrap(message.bytes());
                handler.onMessage(message.senderId(), buffer, 0, message.bytes().length);
                count++;
            }
            return count;
        }

        @Override
        public void flush() {
            // Nothing waits.
        }

        @Override
        public Outbox outbox() {
            return this;
        }

        @Override
        public Inbox inbox() {
            return this;
        }

        @Override
        public FrameLimits limits() {
            return LIMITS;
        }

        @Override
        public LinkCounters counters() {
            return counters;
        }

        @Override
        public int doWork(final long atNs) {
            return 0;
        }

        @Override
        public boolean isReady(final int peerId) {
            return true;
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }
}

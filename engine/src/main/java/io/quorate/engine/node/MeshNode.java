package io.quorate.engine.node;

import io.quorate.engine.gossip.GossipAdapter;
import io.quorate.engine.gossip.GossipContext;
import io.quorate.engine.gossip.GossipPublisher;
import io.quorate.engine.gossip.PeerSampler;
import io.quorate.engine.gossip.RumorMill;
import io.quorate.engine.gossip.VectorGossip;
import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.membership.Overlay;
import io.quorate.engine.membership.Reputation;
import io.quorate.engine.membership.Swim;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.GossipCounter;
import io.quorate.engine.metrics.MembershipCounter;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.Transport;
import java.util.Arrays;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RecordDescriptor;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * A member of a mesh over real links: finds the others, notices who is gone, knows on which side of a split it is, and passes on what
 * members announce; with vectors, pulls them together among neighbours. An agent: everything happens on the thread that calls
 * {@link #doWork()}, but for {@link #view()}, {@link #announce}, {@link #fuse} and {@link #leave()}, which any thread may call. docs/protocols/membership.md and gossip.md have the protocols.
 */
public final class MeshNode implements Agent, AutoCloseable {
    /** Longest announcement in bytes. */
    public static final int ANNOUNCEMENT_LENGTH_MAX = Announcements.BODY_LENGTH_MAX;

    private static final int FRAMES_A_TURN = 32;
    private static final int COMMANDS_LENGTH = 64 * 1024;

    /** A message takes at most an eighth of a ring. */
    private static final int RING_SHARE = 8;

    private static final int COMMANDS_A_TURN = 8;
    private static final int ANNOUNCE = 1;
    private static final int LEAVE = 2;
    private static final int FUSE = 3;

    private final MeshNodeContext context;
    private final NanoClock clock;
    private final Transport transport;
    private final int selfId;
    private final PeerWatch watch;
    private final PeerSampler sampler;
    private final Announcements announcements;
    private final RumorMill mill;
    private final GossipAdapter gossipAdapter;
    private final Counters<GossipCounter> gossipCounters = new Counters<>(GossipCounter.class);
    private final VectorGossip vectors;
    private final ManyToOneRingBuffer commands;
    private final FrameHandler onMessage = this::onMessage;
    private final MessageHandler onCommand = this::onCommand;
    private volatile boolean isStartWanted;
    private boolean isStarted;
    private long nowNs;
    private long announcedNumber;
    private boolean isFusing;
    private long session;
    private int fusedWith;

    /**
     * @param context concluded
     */
    public MeshNode(final MeshNodeContext context) {
        if (!context.isConcluded()) {
            context.conclude();
        }
        this.context = context;
        clock = context.clock();
        transport = context.transport();
        final MembershipContext membership = context.membership();
        selfId = membership.selfId();
        final int memberCount = membership.memberCount();
        sampler = new PeerSampler(memberCount, context.random());
        watch = new PeerWatch(
                membership,
                context.signer(),
                context.verifier(),
                context.random(),
                transport.outbox(),
                this::onState,
                this::weigh);
        final GossipContext gossip = new GossipContext()
                .peerCount(memberCount)
                .selfId(selfId)
                .fanout(context.fanout())
                .conclude();
        final GossipPublisher gossipPublisher = new GossipPublisher(gossip, transport.outbox());
        announcements =
                new Announcements(memberCount, selfId, context.signer(), context.verifier(), this::onAnnouncement);
        mill = new RumorMill(gossip, sampler, gossipPublisher, gossipCounters)
                .handler(Announcements.KIND, announcements);
        gossipAdapter = new GossipAdapter(gossip, mill, gossipCounters);
        final VectorGossip.Settings settings = context.vectors();
        vectors = settings == null
                ? null
                : new VectorGossip(gossip, settings, PrimitivesProvider.preferred(), gossipPublisher, gossipCounters);
        gossipAdapter.vectors(vectors);
        commands = commands(settings);
        // Numbers of an earlier life are lower.
        announcedNumber = System.currentTimeMillis() << 16;
    }

    private static ManyToOneRingBuffer commands(final VectorGossip.Settings settings) {
        final int longest = settings == null ? 0 : Long.BYTES + settings.dimension() * Float.BYTES;
        final int capacity = BitUtil.findNextPositivePowerOfTwo(
                Math.max(COMMANDS_LENGTH, RING_SHARE * (longest + RecordDescriptor.HEADER_LENGTH)));
        return new ManyToOneRingBuffer(
                new UnsafeBuffer(BufferUtil.allocateDirectAligned(capacity + RingBufferDescriptor.TRAILER_LENGTH, 64)));
    }

    /** Begins to take part at the next turn; until then it answers nobody. Any thread. */
    public void start() {
        isStartWanted = true;
    }

    /** How this node sees the mesh. Any thread. */
    public MeshView view() {
        return watch.view();
    }

    public Transport transport() {
        return transport;
    }

    /** The state machine; the node's thread only. */
    public Swim swim() {
        return watch.swim();
    }

    /** The node's thread only, or when it has ended. */
    public Counters<MembershipCounter> membershipCounters() {
        return watch.counters();
    }

    /** The node's thread only, or when it has ended. */
    public Counters<GossipCounter> gossipCounters() {
        return gossipCounters;
    }

    /**
     * Says something to all members; what it says later replaces it. Any thread.
     *
     * @return false if too much waits to be said; nothing was taken then
     * @throws IllegalArgumentException if it is longer than {@link #ANNOUNCEMENT_LENGTH_MAX}
     */
    public boolean announce(final DirectBuffer body, final int offset, final int lengthBytes) {
        if (lengthBytes < 1 || lengthBytes > ANNOUNCEMENT_LENGTH_MAX) {
            throw new IllegalArgumentException(
                    "an announcement has 1 to " + ANNOUNCEMENT_LENGTH_MAX + " bytes, given " + lengthBytes);
        }
        return commands.write(ANNOUNCE, body, offset, lengthBytes);
    }

    /**
     * Pulls this member's vector and those of 2f + 1 neighbours together, in R rounds of trimmed averages of what they say; the context's
     * {@code vectorListener} gets what it became. Every member begins the same session with its own vector; one that does not is left
     * out after the patience. Component by component the result lies within the range of the honest vectors, if at most f neighbours of
     * each honest member lie (docs/protocols/gossip.md, section 5). A run that is under way is given up. Any thread.
     *
     * @param newSession the same number on all members, and not used before
     * @param vector finite, of the dimension that the context's {@code vectors} say
     * @return false if too much waits; nothing was taken then
     * @throws IllegalArgumentException if the vector is not finite or of another dimension
     * @throws IllegalStateException if the context has no {@code vectors}
     */
    public boolean fuse(final long newSession, final float[] vector) {
        if (vectors == null) {
            throw new IllegalStateException("the node's context says nothing of vectors");
        }
        VectorGossip.requireState(context.vectors(), vector);
        final int index = commands.tryClaim(FUSE, Long.BYTES + vector.length * Float.BYTES);
        if (index < 0) {
            return false;
        }
        commands.buffer().putLong(index, newSession);
        for (int i = 0; i < vector.length; i++) {
            commands.buffer().putFloat(index + Long.BYTES + i * Float.BYTES, vector[i]);
        }
        commands.commit(index);
        return true;
    }

    /** Says goodbye to all; the node then only falls silent. Any thread. */
    public boolean leave() {
        return commands.write(LEAVE, new UnsafeBuffer(new byte[1]), 0, 1);
    }

    @Override
    public String roleName() {
        return "mesh node " + selfId;
    }

    @Override
    public int doWork() {
        nowNs = clock.nanoTime();
        int work = transport.doWork(nowNs);
        if (!isStarted) {
            if (!isStartWanted) {
                return work;
            }
            isStarted = true;
            watch.start(nowNs);
        }
        work += transport.inbox().poll(onMessage, FRAMES_A_TURN);
        work += commands.read(onCommand, COMMANDS_A_TURN);
        work += watch.onTick(nowNs);
        work += mill.onTick(nowNs);
        work += vectors == null ? 0 : fuseOn();
        transport.outbox().flush();
        return work;
    }

    private int fuseOn() {
        final int work = vectors.onTick(nowNs);
        if (!isFusing || !vectors.isDone()) {
            return work;
        }
        isFusing = false;
        final float[] state = new float[context.vectors().dimension()];
        vectors.state(state);
        context.vectorListener().onVector(session, state, fusedWith);
        return work + 1;
    }

    private void beginFusing(final MutableDirectBuffer buffer, final int index) {
        final float[] vector = new float[context.vectors().dimension()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = buffer.getFloat(index + Long.BYTES + i * Float.BYTES);
        }
        final Overlay overlay = watch.swim().overlay(2 * context.vectors().faultyMax() + 1);
        final int[] neighbours = new int[overlay.neighbourCount()];
        Arrays.setAll(neighbours, overlay::neighbour);
        session = buffer.getLong(index);
        fusedWith = neighbours.length;
        isFusing = true;
        vectors.begin(session, vector, neighbours, nowNs);
    }

    /** Who has a bad reputation is chosen less often. */
    private void weigh() {
        for (int id = 0; id < view().memberCount(); id++) {
            sampler.weight(id, Math.max(1, PeerSampler.WEIGHT_MAX * view().reputation(id) / Reputation.BEST));
        }
    }

    private void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (!watch.onMessage(senderId, buffer, offset, lengthBytes, nowNs)) {
            gossipAdapter.onMessage(senderId, buffer, offset, lengthBytes, nowNs);
        }
    }

    private void onState(
            final int memberId, final MemberTable.State before, final MemberTable.State after, final long atNs) {
        if (memberId != selfId && (after == MemberTable.State.ALIVE || after == MemberTable.State.SUSPECT)) {
            sampler.add(memberId);
        } else {
            sampler.remove(memberId);
        }
        context.stateListener().onState(memberId, before, after, atNs);
    }

    private void onAnnouncement(
            final int originId, final long number, final DirectBuffer buffer, final int offset, final int length) {
        view().announced(originId, number);
        context.listener().onAnnouncement(originId, number, buffer, offset, length);
    }

    private void onCommand(final int type, final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        if (type == LEAVE) {
            watch.leave(nowNs);
        } else if (type == FUSE) {
            beginFusing(buffer, index);
        } else {
            announcedNumber++;
            final int length = announcements.sign(announcedNumber, buffer, index, lengthBytes);
            view().announced(selfId, announcedNumber);
            mill.spread(Announcements.KIND, announcements.own(), 0, length);
        }
    }

    @Override
    public void onClose() {
        CloseHelper.quietCloseAll(transport, vectors);
    }

    @Override
    public void close() {
        onClose();
    }
}

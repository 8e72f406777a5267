package io.quorate.engine.node;

import io.quorate.engine.gossip.GossipAdapter;
import io.quorate.engine.gossip.GossipContext;
import io.quorate.engine.gossip.GossipPublisher;
import io.quorate.engine.gossip.PeerSampler;
import io.quorate.engine.gossip.RumorMill;
import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.membership.Reputation;
import io.quorate.engine.membership.Swim;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.GossipCounter;
import io.quorate.engine.metrics.MembershipCounter;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.Transport;
import org.agrona.BufferUtil;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * A member of a mesh over real links: finds the others, notices who is gone, knows on which side of a split it is, and passes on what
 * members announce. An agent: everything happens on the thread that calls {@link #doWork()}, but for {@link #view()},
 * {@link #announce} and {@link #leave()}, which any thread may call. docs/protocols/membership.md and gossip.md have the protocols.
 */
public final class MeshNode implements Agent, AutoCloseable {
    /** Longest announcement in bytes. */
    public static final int ANNOUNCEMENT_LENGTH_MAX = Announcements.BODY_LENGTH_MAX;

    private static final int FRAMES_A_TURN = 32;
    private static final int COMMANDS_LENGTH = 64 * 1024;
    private static final int COMMANDS_A_TURN = 8;
    private static final int ANNOUNCE = 1;
    private static final int LEAVE = 2;

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
    private final ManyToOneRingBuffer commands = new ManyToOneRingBuffer(new UnsafeBuffer(
            BufferUtil.allocateDirectAligned(COMMANDS_LENGTH + RingBufferDescriptor.TRAILER_LENGTH, 64)));
    private final FrameHandler onMessage = this::onMessage;
    private final MessageHandler onCommand = this::onCommand;
    private volatile boolean isStartWanted;
    private boolean isStarted;
    private long nowNs;
    private long announcedNumber;

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
        // Numbers of an earlier life are lower.
        announcedNumber = System.currentTimeMillis() << 16;
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
        transport.outbox().flush();
        return work;
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
        } else {
            announcedNumber++;
            final int length = announcements.sign(announcedNumber, buffer, index, lengthBytes);
            view().announced(selfId, announcedNumber);
            mill.spread(Announcements.KIND, announcements.own(), 0, length);
        }
    }

    @Override
    public void onClose() {
        CloseHelper.quietClose(transport);
    }

    @Override
    public void close() {
        onClose();
    }
}

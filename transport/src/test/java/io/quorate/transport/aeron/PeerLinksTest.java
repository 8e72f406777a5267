package io.quorate.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.transport.DropReason;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.auth.MacKeyRing;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Samples;
import io.quorate.transport.auth.SessionKeys;
import io.quorate.transport.frame.FrameDispatcher;
import io.quorate.transport.frame.FrameFlyweight;
import io.quorate.transport.frame.FramePacker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Links of two peers over queues, with a clock and losses of the test's own. */
class PeerLinksTest {
    private static final long STEP_NS = 5_000_000;
    private static final PeerLinks.Timing TIMING =
            new PeerLinks.Timing(50_000_000, 400_000_000, 2_000_000_000, 200_000_000, 1_000_000_000, 60_000_000_000L);

    private final List<PeerIdentity> identities = Samples.identities(2);
    private final Roster roster = Samples.roster(identities, 1);
    private final Random random = new Random(6);
    private final Node[] nodes = {new Node(0, 1000), new Node(1, 2000)};
    private final List<byte[]> recorded = new ArrayList<>();
    private long nowNs = -50;
    private int lossPercent;
    private boolean isCut;

    @Test
    void shouldOpenBothDirectionsAtOnce() {
        run(20);
        assertThat(works(0, 1)).isTrue();
        assertThat(works(1, 0)).isTrue();
        for (final Node node : nodes) {
            assertThat(node.counters.total(LinkCounter.SESSIONS_OPENED)).isEqualTo(1);
            assertThat(node.counters.droppedTotal()).isZero();
        }
    }

    @Test
    void shouldOpenInSpiteOfLosses() {
        lossPercent = 60;
        run(2_000);
        lossPercent = 0;
        run(200);
        assertThat(works(0, 1)).isTrue();
        assertThat(works(1, 0)).isTrue();
    }

    @Test
    void shouldNoticeAPeerThatHasRestarted() {
        run(20);
        for (int restart = 1; restart <= 5; restart++) {
            nodes[1] = new Node(1, 2000 + restart);
            assertThat(works(0, 1)).as("its old key is gone").isFalse();
            // Sooner than the link status would notice it.
            run(20);
            assertThat(works(0, 1)).isTrue();
            assertThat(works(1, 0)).isTrue();
        }
    }

    @Test
    void shouldNoticeAPeerWhoseClockWentBack() {
        run(20);
        nodes[1] = new Node(1, 1);
        run(200);
        assertThat(works(0, 1)).isTrue();
        assertThat(works(1, 0)).isTrue();
    }

    @Test
    void shouldHealALinkWhoseReceiverLostItsKey() {
        run(20);
        // As after a lost confirmation: the receiver holds another session of the same incarnation.
        nodes[1].ring(0).offer(Samples.session(5, 1000), true);
        confirmByForce(nodes[1].ring(0), Samples.session(5, 1000));
        nodes[1].ring(0).dropPrevious();
        assertThat(works(0, 1)).isFalse();
        run(300);
        assertThat(works(0, 1)).isTrue();
    }

    @Test
    void shouldReconnectAfterAPartition() {
        run(20);
        isCut = true;
        run(1_000);
        isCut = false;
        run(1);
        assertThat(works(0, 1)).isTrue();
        assertThat(works(1, 0)).isTrue();
    }

    @Test
    void shouldRenewSessionsWithoutAGap() {
        run(20);
        final long first = nodes[1].ring(0).currentKeyId();
        for (int i = 0; i < 13_000; i++) {
            run(1);
            assertThat(works(0, 1)).isTrue();
        }
        assertThat(nodes[1].ring(0).currentKeyId()).isNotEqualTo(first);
        assertThat(nodes[0].counters.total(LinkCounter.SESSIONS_OPENED)).isEqualTo(2);
        assertThat(nodes[1].counters.dropped(DropReason.UNKNOWN_KEY)).isZero();
    }

    @Test
    void shouldNotBeMovedByReplays() {
        run(20);
        final List<byte[]> replays = new ArrayList<>(recorded);
        final long opened = nodes[0].counters.total(LinkCounter.SESSIONS_OPENED)
                + nodes[1].counters.total(LinkCounter.SESSIONS_OPENED);
        for (int round = 0; round < 300; round++) {
            for (final byte[] replay : replays) {
                nodes[0].queue.add(replay);
                nodes[1].queue.add(replay);
            }
            run(1);
            assertThat(works(0, 1)).isTrue();
            assertThat(works(1, 0)).isTrue();
        }
        assertThat(nodes[0].counters.total(LinkCounter.SESSIONS_OPENED)
                        + nodes[1].counters.total(LinkCounter.SESSIONS_OPENED))
                .isEqualTo(opened);
        assertThat(nodes[1].counters.dropped(0, DropReason.REPLAY)).isPositive();
        assertThat(nodes[1].counters.dropped(DropReason.RECEIVER)).isPositive();
    }

    @Test
    void shouldRestartUnderReplaysOfEverythingThatWasEverSent() {
        for (int restart = 1; restart <= 5; restart++) {
            run(60);
            nodes[restart % 2] = new Node(restart % 2, 5000 + restart);
            final List<byte[]> replays = new ArrayList<>(recorded);
            for (int round = 0; round < 100; round++) {
                for (int i = 0; i < 20; i++) {
                    nodes[random.nextInt(2)].queue.add(replays.get(random.nextInt(replays.size())));
                }
                run(1);
            }
            assertThat(works(0, 1)).as("restart " + restart).isTrue();
            assertThat(works(1, 0)).as("restart " + restart).isTrue();
        }
    }

    @Test
    void shouldRefuseTimesThatContradictEachOther() {
        assertThatThrownBy(() -> new PeerLinks.Timing(2, 1, 3, 1, 1, 1)).hasMessageContaining("link times");
        assertThatThrownBy(() -> new PeerLinks.Timing(1, 1, 1, 5, 1, 9)).hasMessageContaining("link times");
    }

    private static void confirmByForce(final MacKeyRing ring, final SessionKeys session) {
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[64]);
        session.tag(bytes, 0, 48, bytes, 48);
        assertThat(ring.open(session.keyId(), 1, 1, bytes, 0, 48, 48)).isEqualTo(MacKeyRing.Verdict.CONFIRMED);
    }

    private void run(final int steps) {
        for (int i = 0; i < steps; i++) {
            nowNs += STEP_NS;
            for (final Node node : nodes) {
                node.links.onTick(nowNs);
            }
            for (final Node node : nodes) {
                node.receive();
            }
        }
    }

    /** True if a message from one node reaches the other now. */
    private boolean works(final int from, final int to) {
        final Node sender = nodes[from];
        if (sender.session == null) {
            return false;
        }
        final FramePacker packer = new FramePacker(FramePacker.limits(512), sender.link(to));
        final UnsafeBuffer message = AeronPeers.message(new byte[8]);
        packer.append(message, 0, message.capacity());
        packer.seal(sender.session);
        final boolean[] arrived = new boolean[1];
        nodes[to].dispatcher.onFrame(
                packer.buffer(), 0, packer.length(), (senderId, buffer, offset, length) -> arrived[0] = true);
        return arrived[0];
    }

    private final class Node implements PeerLinks.Wire {
        final int id;
        final Queue<byte[]> queue = new ArrayDeque<>();
        final LinkCounters counters = new LinkCounters(2);
        final List<MacKeyRing> rings = List.of(new MacKeyRing(), new MacKeyRing());
        final PeerLinks links;
        final FrameDispatcher dispatcher;
        SessionKeys session;

        Node(final int id, final long incarnation) {
            this.id = id;
            links = new PeerLinks(Samples.local(identities, roster, id, incarnation), rings, TIMING, counters, this);
            final FrameLimits limits = FramePacker.limits(4096);
            dispatcher = new FrameDispatcher(link(id), limits, rings, counters, links);
        }

        FrameFlyweight.Link link(final int receiver) {
            return new FrameFlyweight.Link(FrameFlyweight.groupPrefix(roster.groupId()), roster.epoch(), id, receiver);
        }

        MacKeyRing ring(final int peerId) {
            return rings.get(peerId);
        }

        void receive() {
            final FrameHandler nothing = (senderId, buffer, offset, length) -> {};
            for (byte[] bytes = queue.poll(); bytes != null; bytes = queue.poll()) {
                dispatcher.onFrame(new UnsafeBuffer(bytes), 0, bytes.length, nothing);
            }
        }

        @Override
        public boolean isConnected(final int peerId) {
            return !isCut;
        }

        @Override
        public boolean offer(final int peerId, final DirectBuffer frame, final int lengthBytes) {
            final byte[] bytes = new byte[lengthBytes];
            frame.getBytes(0, bytes);
            recorded.add(bytes);
            if (!isCut && random.nextInt(100) >= lossPercent) {
                nodes[peerId].queue.add(bytes);
            }
            return true;
        }

        @Override
        public void useSession(final int peerId, final SessionKeys newSession) {
            session = newSession;
        }
    }
}

package io.quorate.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.FrameDescriptor;
import io.aeron.protocol.DataHeaderFlyweight;
import io.aeron.protocol.HeaderFlyweight;
import io.aeron.protocol.SetupFlyweight;
import io.quorate.transport.DropReason;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.auth.Samples;
import io.quorate.transport.frame.FrameFlyweight;
import io.quorate.transport.frame.FramePacker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.agrona.BitUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Strangers and a man on the path against living peers: what they send is counted and dropped, honest traffic goes on. */
class HostileNetworkIT {
    private static final int TERM_LENGTH = 2 * 1024 * 1024;

    private final Random random = new Random(13);

    @Test
    void shouldDropTheFramesOfAStrangersPublication() throws IOException {
        final Path folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-stranger-");
        try (AeronPeers group = AeronPeers.of(2)) {
            group.runUntil("both are ready", group::allReady);
            final MediaDriver.Context context = new MediaDriver.Context()
                    .aeronDirectoryName(folder.resolve("driver").toString())
                    .dirDeleteOnShutdown(true)
                    .termBufferSparseFile(true)
                    .threadingMode(ThreadingMode.INVOKER);
            try (MediaDriver driver = MediaDriver.launchEmbedded(context);
                    Aeron aeron = Aeron.connect(new Aeron.Context()
                            .aeronDirectoryName(driver.aeronDirectoryName())
                            .useConductorAgentInvoker(true)
                            .driverAgentInvoker(driver.sharedAgentInvoker()))) {
                final ExclusivePublication publication = aeron.addExclusivePublication(
                        "aeron:udp?term-length=2m|endpoint=127.0.0.1:"
                                + group.roster.peer(1).port(),
                        AeronTransportContext.STREAM_ID);
                final LinkCounters counters = group.peers.get(1).transport.counters();
                final List<byte[]> attacks = attacks(group);
                final int[] sent = new int[1];
                group.runUntil("every attack was dropped", () -> {
                    driver.sharedAgentInvoker().invoke();
                    aeron.conductorAgentInvoker().invoke();
                    final byte[] attack = attacks.get(sent[0] % attacks.size());
                    if (publication.offer(new UnsafeBuffer(attack)) > 0) {
                        sent[0]++;
                    }
                    return counters.droppedTotal() >= 20 * attacks.size();
                });
                for (final DropReason reason : List.of(
                        DropReason.LENGTH,
                        DropReason.VERSION,
                        DropReason.GROUP,
                        DropReason.EPOCH,
                        DropReason.RECEIVER,
                        DropReason.SENDER,
                        DropReason.UNKNOWN_KEY,
                        DropReason.HANDSHAKE_MALFORMED)) {
                    assertThat(counters.dropped(reason)).as(reason.name()).isPositive();
                }
                group.deliver(0, 1, "honest traffic goes on");
                group.deliver(1, 0, "both ways");
                assertThat(group.peers.get(1).received).containsOnly("0:honest traffic goes on");
            }
        }
        Files.delete(folder);
    }

    @Test
    void shouldDropRawDatagramsThatPretendToBeStreams() throws IOException {
        try (AeronPeers group = AeronPeers.of(2);
                DatagramSocket socket = new DatagramSocket()) {
            group.runUntil("both are ready", group::allReady);
            final LinkCounters counters = group.peers.get(1).transport.counters();
            final InetSocketAddress target = new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), group.roster.peer(1).port());
            final List<byte[]> attacks = attacks(group);
            for (int sessionId = 1; sessionId <= 5; sessionId++) {
                stream(group, sessionId, attacks, bytes -> send(socket, target, bytes));
                send(socket, target, noise());
            }
            group.runUntil("forged datagrams were dropped", () -> counters.droppedTotal() >= 3L * attacks.size());
            group.deliver(0, 1, "honest traffic goes on");
            assertThat(group.peers.get(1).received).containsOnly("0:honest traffic goes on");
        }
    }

    @Test
    void shouldNotGiveAwayItsPlacesToStrangers() throws IOException {
        try (AeronPeers group = AeronPeers.of(2);
                DatagramSocket socket = new DatagramSocket()) {
            group.runUntil("both are ready", group::allReady);
            final EmbeddedDriver driver = group.peers.get(1).driver;
            final InetSocketAddress target = new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), group.roster.peer(1).port());
            final int[] sent = new int[1];
            group.runUntil("most streams were refused", () -> {
                send(socket, target, setup(1000 + sent[0], TERM_LENGTH, 0));
                send(socket, target, setup(500_000 + sent[0], 1 << 30, 0));
                sent[0]++;
                return driver.packetsRefused() > 700;
            });
            try (var logs = Files.walk(driver.directory())) {
                assertThat(logs.filter(file -> file.toString().endsWith(".logbuffer")))
                        .hasSizeLessThan(20);
            }
            group.stop(0);
            group.restart(0);
            group.deliver(0, 1, "there is a place for an honest peer");
        }
    }

    @Test
    void shouldIgnoreAddressesOutsideTheRoster() throws IOException {
        try (AeronPeers group = AeronPeers.of(2);
                DatagramSocket socket = new DatagramSocket(new InetSocketAddress("127.0.0.2", 0))) {
            group.runUntil("both are ready", group::allReady);
            final EmbeddedDriver driver = group.peers.get(1).driver;
            final InetSocketAddress target = new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), group.roster.peer(1).port());
            for (int i = 0; i < 50; i++) {
                send(socket, target, setup(7, TERM_LENGTH, 0));
                send(socket, target, data(7, 0, attacks(group).get(0)));
                group.runOnce();
            }
            group.runUntil("all were refused", () -> driver.packetsRefused() == 100);
            assertThat(group.peers.get(1).transport.counters().droppedTotal()).isZero();
        }
    }

    @Test
    void shouldDropWhatAManOnThePathReplaysAndChanges() throws IOException {
        final List<Integer> ports = AeronPeers.freePorts(1);
        try (AeronPeers group = AeronPeers.of(2)) {
            // Peer 1 moves behind the relay, which takes its port.
            group.stop(1);
            try (Relay relay = new Relay(group.roster.peer(1).port(), ports.get(0))) {
                group.beforeEachRun = relay::run;
                group.peers.set(1, group.launch(1, ports.get(0)));
                group.runUntil("both are ready", group::allReady);
                group.deliver(0, 1, "first");
                final List<byte[]> replays = new ArrayList<>(relay.recorded);
                final LinkCounters counters = group.peers.get(1).transport.counters();
                final List<byte[]> payloads = new ArrayList<>();
                for (final byte[] datagram : replays) {
                    // The same bytes at their old place; Aeron itself drops these.
                    relay.inject(datagram);
                    if (datagram.length > DataHeaderFlyweight.HEADER_LENGTH
                            && datagram[6] == HeaderFlyweight.HDR_TYPE_DATA) {
                        payloads.add(
                                Arrays.copyOfRange(datagram, DataHeaderFlyweight.HEADER_LENGTH, frameLength(datagram)));
                    }
                }
                final List<byte[]> changed = new ArrayList<>();
                for (final byte[] payload : payloads) {
                    final byte[] bad = payload.clone();
                    bad[bad.length - 1 - random.nextInt(8)] ^= 1;
                    changed.add(bad);
                }
                for (int sessionId = 0x7000; sessionId < 0x7005; sessionId++) {
                    stream(group, sessionId, payloads, relay::inject);
                    stream(group, sessionId + 0x1000, changed, relay::inject);
                }
                group.runUntil(
                        "replays were dropped",
                        () -> counters.dropped(0, DropReason.REPLAY) > 2 && counters.dropped(0, DropReason.MAC) > 2);
                group.deliver(0, 1, "second");
                group.deliver(1, 0, "and back");
                assertThat(group.peers.get(1).received.stream().distinct()).containsExactly("0:first", "0:second");
            }
        }
    }

    /** Frames of every wrong kind, as an outsider can make them who knows the roster and all headers. */
    private List<byte[]> attacks(final AeronPeers group) {
        final long prefix = FrameFlyweight.groupPrefix(group.roster.groupId());
        final List<byte[]> attacks = new ArrayList<>();
        for (final FrameFlyweight.Link link : List.of(
                new FrameFlyweight.Link(prefix, 1, 0, 1),
                new FrameFlyweight.Link(prefix + 1, 1, 0, 1),
                new FrameFlyweight.Link(prefix, 2, 0, 1),
                new FrameFlyweight.Link(prefix, 1, 0, 0),
                new FrameFlyweight.Link(prefix, 1, 1, 1),
                new FrameFlyweight.Link(prefix, 1, 9, 1))) {
            final FramePacker packer = new FramePacker(FramePacker.limits(1024), link);
            final UnsafeBuffer message = AeronPeers.message("forged".getBytes());
            packer.append(message, 0, message.capacity());
            packer.seal(Samples.session(99, 1));
            final byte[] frame = new byte[packer.length()];
            packer.buffer().getBytes(0, frame);
            attacks.add(frame);
        }
        final byte[] good = attacks.get(0);
        attacks.add(Arrays.copyOf(good, good.length - 1));
        attacks.add(Arrays.copyOf(good, 20));
        final byte[] otherVersion = good.clone();
        otherVersion[4] = 9;
        attacks.add(otherVersion);
        final UnsafeBuffer handshake = new UnsafeBuffer(new byte[1024]);
        final int length = FramePacker.packHandshake(
                handshake, new FrameFlyweight.Link(prefix, 1, 0, 1), AeronPeers.message(new byte[100]));
        attacks.add(Arrays.copyOf(handshake.byteArray(), length));
        attacks.add(noise());
        return attacks;
    }

    private byte[] noise() {
        final byte[] bytes = new byte[random.nextInt(1300) + 1];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Begins a stream of the attacker's own and sends the payloads in it, one after another. */
    private static void stream(
            final AeronPeers group, final int sessionId, final List<byte[]> payloads, final Consumer<byte[]> inject) {
        inject.accept(setup(sessionId, TERM_LENGTH, 0));
        group.runFor(5_000_000);
        int termOffset = 0;
        for (final byte[] payload : payloads) {
            final byte[] datagram = data(sessionId, termOffset, payload);
            inject.accept(datagram);
            group.runOnce();
            termOffset += datagram.length;
        }
    }

    private static int frameLength(final byte[] datagram) {
        return new UnsafeBuffer(datagram).getInt(0, ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] setup(final int sessionId, final int termLength, final int termOffset) {
        final ByteBuffer bytes = ByteBuffer.allocate(SetupFlyweight.HEADER_LENGTH);
        final SetupFlyweight setup = new SetupFlyweight(bytes);
        setup.sessionId(sessionId)
                .streamId(AeronTransportContext.STREAM_ID)
                .initialTermId(0)
                .activeTermId(0)
                .termOffset(termOffset)
                .termLength(termLength)
                .mtuLength(1408)
                .ttl(0)
                .headerType(HeaderFlyweight.HDR_TYPE_SETUP)
                .frameLength(SetupFlyweight.HEADER_LENGTH);
        return bytes.array();
    }

    private static byte[] data(final int sessionId, final int termOffset, final byte[] payload) {
        final int length = DataHeaderFlyweight.HEADER_LENGTH + payload.length;
        final ByteBuffer bytes = ByteBuffer.allocate(BitUtil.align(length, FrameDescriptor.FRAME_ALIGNMENT));
        final DataHeaderFlyweight data = new DataHeaderFlyweight(bytes);
        data.sessionId(sessionId)
                .streamId(AeronTransportContext.STREAM_ID)
                .termId(0)
                .termOffset(termOffset)
                .flags(DataHeaderFlyweight.BEGIN_AND_END_FLAGS)
                .headerType(HeaderFlyweight.HDR_TYPE_DATA)
                .frameLength(length);
        bytes.put(DataHeaderFlyweight.HEADER_LENGTH, payload);
        return bytes.array();
    }

    private static void send(final DatagramSocket socket, final InetSocketAddress target, final byte[] bytes) {
        try {
            socket.send(new DatagramPacket(bytes, bytes.length, target));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package io.quorate.benchmarks.sides;

import io.aeron.archive.Archive;
import io.aeron.archive.ArchiveThreadingMode;
import io.aeron.archive.client.AeronArchive;
import io.aeron.cluster.ClusteredMediaDriver;
import io.aeron.cluster.ConsensusModule;
import io.aeron.cluster.client.AeronCluster;
import io.aeron.cluster.client.EgressListener;
import io.aeron.cluster.service.ClusteredServiceContainer;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.Header;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.NoOpLock;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Aeron Cluster, which survives crashes and no lies: three members and a client with a driver of its own, all in this process. File
 * sync level 0, or 1 if it is to be durable. A request counts as answered when the leader's reply is here, as Raft demands.
 */
final class AeronClusterSide implements Side {
    private static final int MEMBERS = 3;
    private static final int PORTS = 5;
    private static final String HOST = "127.0.0.1:";
    private static final String ANY_PORT = "aeron:udp?endpoint=127.0.0.1:0";
    private static final int SEGMENT_LENGTH = 16 * 1024 * 1024;
    private static final long KEEP_ALIVE_NS = 1_000_000_000;

    private final List<AutoCloseable> parts = new ArrayList<>();
    private final UnsafeBuffer request = new UnsafeBuffer(new byte[REQUEST_BYTES]);
    private final Gate gate;
    private final SideName.Place place;
    private final int syncLevel;
    private final AeronCluster client;
    private long number;
    private long answered;
    private boolean isToSend;
    private long keptAliveNs = System.nanoTime();

    AeronClusterSide(final SideName.Place place, final Gate gate) {
        this.gate = gate;
        this.place = place;
        syncLevel = place.isDurable() ? 1 : 0;
        try {
            client = start(LocalPorts.free(MEMBERS * PORTS));
        } catch (final RuntimeException e) {
            close();
            throw e;
        }
    }

    @Override
    public void request() {
        request.putLong(0, ++number);
        isToSend = true;
        final Deadline deadline = new Deadline("Aeron Cluster does not answer request " + number);
        while (answered != number) {
            // What the leader before had not replicated is lost; its client asks again.
            if (isToSend && client.offer(request, 0, REQUEST_BYTES) >= 0) {
                isToSend = false;
            }
            gate.idle(client.pollEgress());
            deadline.check();
        }
    }

    @Override
    public void rest() {
        client.pollEgress();
        final long nowNs = System.nanoTime();
        if (nowNs - keptAliveNs > KEEP_ALIVE_NS && client.sendKeepAlive()) {
            keptAliveNs = nowNs;
        }
    }

    @Override
    public String description() {
        return "Aeron Cluster: three members, an echoing service, file sync level " + syncLevel
                + ", shared drivers; not authenticated";
    }

    @Override
    public void close() {
        for (int i = parts.size() - 1; i >= 0; i--) {
            CloseHelper.quietClose(parts.get(i));
        }
        parts.clear();
    }

    private AeronCluster start(final int[] ports) {
        final StringBuilder members = new StringBuilder();
        final StringBuilder ingress = new StringBuilder();
        for (int member = 0; member < MEMBERS; member++) {
            members.append(member);
            for (int port = 0; port < PORTS; port++) {
                members.append(',').append(HOST).append(ports[member * PORTS + port]);
            }
            members.append('|');
            ingress.append(member == 0 ? "" : ",").append(member).append('=').append(HOST);
            ingress.append(ports[member * PORTS]);
        }
        for (int member = 0; member < MEMBERS; member++) {
            final int archivePort = ports[member * PORTS + PORTS - 1];
            startMember(member, "member-" + member, members.toString(), archivePort);
        }
        final Path directory = place.memory().resolve("client");
        parts.add(MediaDriver.launch(Drivers.context(directory, ThreadingMode.SHARED, gate)));
        final AeronCluster connected = AeronCluster.connect(new AeronCluster.Context()
                .aeronDirectoryName(directory.toString())
                .ingressChannel("aeron:udp")
                .ingressEndpoints(ingress.toString())
                .egressChannel(ANY_PORT)
                .egressListener(new Egress())
                .messageTimeoutNs(30_000_000_000L)
                .idleStrategy(gate));
        parts.add(connected);
        return connected;
    }

    private void startMember(final int member, final String name, final String members, final int archivePort) {
        final Path folder = place.data().resolve(name);
        final Path memory = place.memory().resolve(name).resolve("driver");
        final String directory = memory.toString();
        final Archive.Context archive = new Archive.Context()
                .aeronDirectoryName(directory)
                .archiveDir(folder.resolve("archive").toFile())
                .controlChannel("aeron:udp?endpoint=" + HOST + archivePort)
                .localControlChannel("aeron:ipc?term-length=64k")
                .replicationChannel(ANY_PORT)
                .archiveClientContext(new AeronArchive.Context().controlResponseChannel(ANY_PORT))
                .recordingEventsEnabled(false)
                .segmentFileLength(SEGMENT_LENGTH)
                .fileSyncLevel(syncLevel)
                .catalogFileSyncLevel(syncLevel)
                .threadingMode(ArchiveThreadingMode.SHARED)
                .idleStrategySupplier(() -> gate);
        final AeronArchive.Context archiveClient = new AeronArchive.Context()
                .lock(NoOpLock.INSTANCE)
                .controlRequestChannel(archive.localControlChannel())
                .controlRequestStreamId(archive.localControlStreamId())
                .controlResponseChannel(archive.localControlChannel())
                .aeronDirectoryName(directory);
        final ConsensusModule.Context module = new ConsensusModule.Context()
                .clusterMemberId(member)
                .clusterMembers(members)
                .clusterDir(folder.resolve("cluster").toFile())
                .aeronDirectoryName(directory)
                .ingressChannel("aeron:udp")
                .logChannel("aeron:udp?term-length=2m")
                .replicationChannel(ANY_PORT)
                .archiveContext(archiveClient.clone())
                .fileSyncLevel(syncLevel)
                .idleStrategySupplier(() -> gate);
        parts.add(ClusteredMediaDriver.launch(Drivers.context(memory, ThreadingMode.SHARED, gate), archive, module));
        parts.add(ClusteredServiceContainer.launch(new ClusteredServiceContainer.Context()
                .aeronDirectoryName(directory)
                .archiveContext(archiveClient.clone())
                .clusterDir(folder.resolve("cluster").toFile())
                .clusteredService(new EchoService())
                .idleStrategySupplier(() -> gate)));
    }

    private final class Egress implements EgressListener {
        @Override
        public void onMessage(
                final long clusterSessionId,
                final long timestamp,
                final DirectBuffer buffer,
                final int offset,
                final int length,
                final Header header) {
            onReply(buffer, offset, length);
        }

        @Override
        public void onNewLeader(
                final long clusterSessionId,
                final long leadershipTermId,
                final int leaderMemberId,
                final String ingressEndpoints) {
            isToSend = true;
        }
    }

    private void onReply(final DirectBuffer buffer, final int offset, final int length) {
        if (length != REQUEST_BYTES) {
            throw new IllegalStateException("Aeron Cluster answered " + length + " bytes to " + REQUEST_BYTES);
        }
        answered = buffer.getLong(offset);
    }
}

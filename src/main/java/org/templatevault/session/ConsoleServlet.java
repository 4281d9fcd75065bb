package org.templatevault.session;

import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.zip.CRC32C;
import org.templatevault.rest.Problem;

/**
 * The console's files. They are read once, at the start: what is asked for is a name in a map, never a path. They hold no
 * secret and need no role; what they show comes from the API.
 */
@WebServlet(
        urlPatterns = {"/console", "/console/*"},
        loadOnStartup = 1)
public class ConsoleServlet extends HttpServlet {
    private static final String ROOT = "/console/";
    private static final String NOT_FOUND = "not-found.html";
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "svg", "image/svg+xml",
            "png", "image/png",
            "woff2", "font/woff2");

    /** A file, as it is sent. */
    private static final class Page {
        private final byte[] bytes;
        private final String type;
        private final String tag;

        Page(byte[] bytes, String type) {
            this.bytes = bytes;
            this.type = type;
            CRC32C sum = new CRC32C();
            sum.update(bytes);
            this.tag = "\"" + Long.toHexString(sum.getValue()) + "-" + bytes.length + "\"";
        }
    }

    private Map<String, Page> pages = Map.of();

    @Override
    public void init() throws ServletException {
        Map<String, Page> found = new HashMap<>();
        try {
            read(getServletContext(), ROOT, found);
        } catch (IOException e) {
            throw new ServletException("The console's files cannot be read", e);
        }
        pages = Map.copyOf(found);
    }

    private static void read(ServletContext context, String directory, Map<String, Page> found) throws IOException {
        for (String path : Objects.requireNonNullElse(context.getResourcePaths(directory), Set.<String>of())) {
            String type = TYPES.get(path.substring(path.lastIndexOf('.') + 1));
            if (path.endsWith("/")) {
                read(context, path, found);
            } else if (type != null) {
                try (InputStream in = Objects.requireNonNull(context.getResourceAsStream(path))) {
                    found.put(path.substring(ROOT.length()), new Page(in.readAllBytes(), type));
                }
            }
        }
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        ConsoleHeaders.write(response);
        if (request.getMethod().equals("GET") || request.getMethod().equals("HEAD")) {
            super.service(request, response);
        } else {
            response.setHeader("Allow", "GET, HEAD");
            Problem.write(response, 405, "method-not-allowed", null);
        }
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getPathInfo();
        if (path == null) {
            response.setStatus(308);
            response.setHeader("Location", ROOT);
            return;
        }
        Page page = pages.get(path.equals("/") ? "index.html" : path.substring(1));
        if (page != null) {
            send(request, response, page);
        } else {
            response.setStatus(404);
            body(response, Objects.requireNonNull(pages.get(NOT_FOUND)));
        }
    }

    private static void send(HttpServletRequest request, HttpServletResponse response, Page page) throws IOException {
        response.setHeader("ETag", page.tag);
        if (page.tag.equals(request.getHeader("If-None-Match"))) {
            response.setHeader("Cache-Control", cache(page));
            response.setStatus(304);
        } else {
            body(response, page);
        }
    }

    private static void body(HttpServletResponse response, Page page) throws IOException {
        response.setHeader("Cache-Control", cache(page));
        response.setContentType(page.type);
        response.setContentLength(page.bytes.length);
        response.getOutputStream().write(page.bytes);
    }

    private static String cache(Page page) {
        return page.type.startsWith("text/html") ? "no-store" : "no-cache";
    }
}

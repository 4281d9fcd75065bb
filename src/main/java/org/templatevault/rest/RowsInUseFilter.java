package org.templatevault.rest;

import jakarta.inject.Inject;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.annotation.WebFilter;
import java.io.IOException;
import org.templatevault.persistence.RowsInUse;

/** Counts a request as in use of rows from before its first statement until its answer is written. */
@WebFilter("/api/v1/*")
public class RowsInUseFilter implements Filter {
    @Inject
    RowsInUse rowsInUse;

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        RowsInUse.Use use = rowsInUse.begin();
        try {
            chain.doFilter(request, response);
        } finally {
            use.close();
        }
    }
}

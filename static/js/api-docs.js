// Swagger UI without its inline initializer: the page holds only <div id="api-docs" data-spec="/api/openapi.json">.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { csrfToken } from "./strings.js";

const holder = document.getElementById("api-docs");
SwaggerUI({
  domNode: holder,
  url: holder.dataset.spec,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  persistAuthorization: false,
  requestInterceptor: (request) => {
    if (!["GET", "HEAD"].includes((request.method ?? "GET").toUpperCase())) request.headers["X-CSRFToken"] = csrfToken();
    return request;
  },
});

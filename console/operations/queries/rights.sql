-- Which of some functions are there, and who may execute them: the login, or service_role.
select f.name,
       to_regprocedure(f.name) is not null as there,
       has_function_privilege(to_regprocedure(f.name), 'execute') as login_may,
       has_function_privilege(to_regrole('service_role'), to_regprocedure(f.name), 'execute') as service_may
from unnest({names}::text[]) as f (name)
